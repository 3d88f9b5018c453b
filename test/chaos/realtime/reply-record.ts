import type { Allowances, Complain, EventData } from './wire.js';

/** A reply as one client put it together from what it was told. */
export class ReplyRecord {
  text = '';
  /** Every delta in the order it was told. */
  readonly deltas: string[] = [];
  /** Heard from its first event on, without a reset: the deltas alone must make up the text. */
  whole = false;
  /** Terminal events heard. */
  ends = 0;
  /** It is over, as an event or the snapshot says. */
  ended = false;
  private started = false;
  /** Everything up to here is known; undefined until something was told. */
  private known?: number;
  /** After a hole nothing fits any more; one complaint is enough. */
  private torn = false;
  /** A snapshot was read after the log was lost: it may lack what only the log had; the end tells it. */
  private mayLack = false;

  constructor(
    readonly generationId: string,
    private readonly complain: Complain,
    private readonly allowances: Allowances,
  ) {}

  /** The stream began anew, or was joined in its middle: the snapshot fills what was not heard. */
  restart(text: string, ended: boolean): void {
    this.whole = false;
    // A log that begins anew tells from the start again.
    this.started = false;
    this.agree(0, text, 'The snapshot');
    if (text.length > this.text.length) this.text = text;
    this.known = this.text.length;
    this.mayLack = this.allowances.mayReset();
    this.ended ||= ended;
  }

  apply(type: string, data: EventData): void {
    if (this.ends > 0) this.wrong(`${type} after the end`);
    switch (type) {
      case 'reply.started':
        return this.start(data);
      case 'reply.delta':
        return this.piece(data);
      case 'reply.snapshot':
        return this.snapshot(data);
      case 'reply.completed':
        return this.complete(data);
      case 'reply.failed':
        return this.fail(data);
      case 'reply.tool':
        return;
      default:
        return this.wrong(`an unknown event ${type}`);
    }
  }

  private start({ messageId, parentId }: EventData): void {
    if (this.started) this.wrong('was started twice');
    if (this.known !== undefined && this.whole) this.wrong('was started after it had begun');
    if (!messageId || !parentId) this.wrong('was started without the ids of its messages');
    this.started = true;
    if (this.known !== undefined) return;
    this.whole = true;
    this.known = 0;
  }

  private piece({ offset, text }: EventData): void {
    if (typeof offset !== 'number' || typeof text !== 'string' || text === '') {
      this.wrong(`a delta without offset or text: ${offset} ${text}`);
      return;
    }
    if (this.known === undefined) this.wrong(`a delta at ${offset} before anything else`);
    if (splitsPair(text)) this.wrong(`a delta at ${offset} splits a surrogate pair`);
    if (offset > this.text.length && !this.torn) {
      if (!this.mayLack) this.wrong(`a hole: ${this.text.length} units known, delta at ${offset}`);
      this.torn = true;
    }
    if (this.whole && offset < this.text.length)
      this.wrong(`said again: ${this.text.length} units known, delta at ${offset}`);
    this.agree(offset, text, 'A delta');
    this.deltas.push(text);
    this.known = offset + text.length;
    this.text = this.text.slice(0, offset) + text;
  }

  private snapshot({ offset, text = '' }: EventData): void {
    if (offset !== 0) this.wrong(`a snapshot that begins at ${offset}`);
    const { started } = this;
    this.restart(text, false);
    this.started = started;
    this.mayLack = false;
  }

  private complete({ message, finishReason }: EventData): void {
    this.end(message?.text ?? '', finishReason === 'cancelled' ? 'cancelled' : 'completed');
    if (message && message.generationId !== this.generationId)
      this.wrong(`completed with a message of ${message.generationId}`);
    const status = finishReason === 'cancelled' ? 'cancelled' : 'completed';
    if (message && message.status !== status) this.wrong(`completed (${finishReason}) as ${message.status}`);
    if (!message && finishReason !== 'cancelled') this.wrong(`completed (${finishReason}) without a message`);
  }

  private fail({ error, text }: EventData): void {
    this.end(text ?? '', 'failed');
    if (!error?.code) this.wrong('failed without a problem');
  }

  private end(text: string, how: string): void {
    this.ends += 1;
    this.ended = true;
    if (how !== 'completed' && this.allowances.mayLoseTail() && this.text.startsWith(text)) return;
    // The end tells all of it: to who heard nothing before, because it was lost, and to who has a hole.
    const lacked = (this.mayLack && text.startsWith(this.text)) || this.torn;
    if (lacked || (this.known === undefined && this.allowances.mayReset())) {
      this.text = text;
      return;
    }
    if (text !== this.text) this.wrong(`${how} with ${quote(text)}, heard ${quote(this.text)}`);
    if (this.whole && this.deltas.join('') !== text)
      this.wrong(`${how} with ${quote(text)}, the deltas say ${quote(this.deltas.join(''))}`);
  }

  /** Text that was told is never told differently. */
  private agree(offset: number, text: string, who: string): void {
    if (this.torn) return;
    const before = this.text.slice(offset, offset + text.length);
    if (!text.startsWith(before))
      this.wrong(`${who} at ${offset} says ${quote(text)}, before: ${quote(before)}`);
  }

  private wrong(what: string): void {
    this.complain(`reply ${this.generationId}: ${what}`);
  }
}

const splitsPair = (text: string): boolean => /^[\udc00-\udfff]|[\ud800-\udbff]$/.test(text);

const quote = (text: string): string =>
  text.length > 120 ? `“${text.slice(0, 60)} … ${text.slice(-50)}” (${text.length})` : `“${text}”`;
