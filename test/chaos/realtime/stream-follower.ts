import { SYNC_RESET, type Complain, type Position, type ResumeRequest } from './wire.js';
import type { Resumed, StreamEvent } from './wire.js';

const PAGE = 200;
/** Bounds what is held while a stream is being resumed; a schedule has a few hundred events. */
const MAX_HELD = 10_000;

/** What to do with events: apply these, and whether to ask the server where the stream is. */
export interface Heard {
  apply: StreamEvent[];
  resume: boolean;
}

const NOTHING: Heard = { apply: [], resume: false };

/**
 * One stream as one client keeps it: by the rules that clients are told, and complaining when the server breaks its
 * part. Talks to nobody: whoever owns it sends {@link ask} and hands in what comes.
 */
export class StreamFollower {
  position?: Position;
  /** Live events follow each other without a hole on this connection. */
  private inStep = false;
  private asked?: ResumeRequest;
  private held: StreamEvent[] = [];
  private readonly seen = new Map<string, string>();
  /** Of every event that was applied, by its id. */
  private readonly epochs = new Map<string, string>();

  constructor(
    readonly stream: string,
    private readonly complain: Complain,
    /** Whether a log may have been lost: an outage of Redis was part of the schedule. */
    private readonly mayReset: () => boolean,
  ) {}

  get asking(): boolean {
    return this.asked !== undefined;
  }

  /** The question for `sync:resume`; until its answer came, live events are held. */
  ask(): ResumeRequest {
    this.inStep = false;
    const from = this.position ? { epoch: this.position.epoch, after: this.position.seq } : {};
    this.asked = { stream: this.stream, ...from };
    return this.asked;
  }

  /** The connection is gone, and with it an answer that was awaited. */
  lost(): void {
    this.inStep = false;
    this.asked = undefined;
    this.held = [];
  }

  /** What the answer brings; `again`: {@link ask} again; else, and after the snapshot if `refetch`, {@link settle}. */
  answer(resumed: Resumed): { apply: StreamEvent[]; refetch: boolean; again: boolean } {
    const asked = this.asked ?? { stream: this.stream };
    this.checkAnswer(asked, resumed);
    if (resumed.status === 'forbidden') return { apply: [], refetch: false, again: false };
    const { epoch, to } = resumed;
    this.position = epoch === null || to === null ? undefined : { epoch, seq: to };
    // What was told before it is lost: the snapshot has it, and everything up to `to`.
    const isReset = resumed.events.some(({ type }) => type === SYNC_RESET);
    if (resumed.status !== 'ok' || isReset) return { apply: [], refetch: true, again: resumed.hasMore };
    const isNew = (event: StreamEvent): boolean => event.seq > (asked.after ?? 0);
    const missed = asked.after === undefined ? [] : resumed.events.filter(isNew);
    const apply = missed.filter((event) => this.isNews(event));
    return { apply, refetch: asked.after === undefined, again: resumed.hasMore };
  }

  /** All answers are there and a snapshot, if one was due: goes on with what was held. */
  settle(): Heard {
    this.asked = undefined;
    this.inStep = true;
    const apply: StreamEvent[] = [];
    const held = this.held;
    this.held = [];
    for (const [index, event] of held.entries()) {
      if (event.epoch === this.position?.epoch && event.seq <= this.position.seq) continue;
      const next = this.hear(event);
      apply.push(...next.apply);
      if (!next.resume) continue;
      this.held = held.slice(index + 1);
      return { apply, resume: true };
    }
    return { apply, resume: false };
  }

  /** A live event. */
  hear(event: StreamEvent): Heard {
    this.checkSame(event);
    if (this.asked) {
      if (this.held.length < MAX_HELD) this.held.push(event);
      else this.complain(`${this.stream}: more than ${MAX_HELD} events while it was being resumed`);
      return NOTHING;
    }
    if (!this.position) return this.first(event);
    if (event.epoch !== this.position.epoch) {
      if (!this.mayReset())
        this.complain(`${told(event)}: another epoch than ${this.position.epoch} without an outage`);
      return this.astray();
    }
    const { seq } = this.position;
    if (event.seq <= seq) {
      if (this.inStep) this.complain(`${told(event)}: told again, ${seq} was reached`);
      return NOTHING;
    }
    if (event.seq > seq + 1) {
      if (this.inStep) this.complain(`${told(event)}: ${seq + 1} … ${event.seq - 1} were skipped`);
      return this.astray();
    }
    return this.next(event);
  }

  /** Only the server knows what is missing. */
  private astray(): Heard {
    this.inStep = false;
    return { apply: [], resume: true };
  }

  private next(event: StreamEvent): Heard {
    if (event.type === SYNC_RESET) return this.astray();
    this.position = { epoch: event.epoch, seq: event.seq };
    return { apply: this.isNews(event) ? [event] : [], resume: false };
  }

  /** A stream that begins is in step from its first event; one that runs already is asked for from its start. */
  private first(event: StreamEvent): Heard {
    if (event.seq === 1 && event.type !== SYNC_RESET) {
      this.inStep = true;
      return this.next(event);
    }
    this.position = { epoch: event.epoch, seq: 0 };
    return this.astray();
  }

  private checkAnswer(
    asked: ResumeRequest,
    { stream, status, epoch, from, to, events, hasMore }: Resumed,
  ): void {
    const where = `resume of ${this.stream} after ${asked.epoch ?? 'none'}.${asked.after ?? 'head'}`;
    const wrong = (what: string): void => this.complain(`${where}: ${what}`);
    if (stream !== this.stream) wrong(`is answered for ${stream}`);
    if (status === 'forbidden') wrong('is forbidden');
    if (status === 'gap') wrong('has a gap, though no log of a schedule is long enough to be trimmed');
    if (status === 'reset') {
      if (asked.epoch !== undefined && asked.epoch === epoch) wrong(`is reset to the same epoch ${epoch}`);
      else if (!this.mayReset()) wrong('is reset without an outage');
    }
    if (status !== 'ok') return;
    // Who names no position joins at the head; what was told meanwhile may be in the answer already.
    const after = asked.after ?? (to ?? 0) - events.length;
    if (asked.epoch !== undefined && asked.epoch !== epoch) wrong(`goes on in another epoch ${epoch}`);
    const numbers = events.map(({ seq }) => seq);
    const expected = Array.from({ length: Math.max(0, (to ?? 0) - after) }, (_, index) => after + 1 + index);
    if (numbers.join() !== expected.join())
      wrong(`replays ${numbers.join()} as ${from} … ${to}, expected ${expected.join()}`);
    if (events.length > 0 && from !== after + 1) wrong(`says it replays from ${from}`);
    if (events.length > PAGE) wrong(`replays ${events.length} events at once`);
    if (hasMore && events.length === 0) wrong('has more, and gives nothing');
    if (events.some((event) => event.stream !== this.stream || event.epoch !== epoch))
      wrong('replays events of another stream or epoch');
  }

  /** Number and content belong together, however often and over whichever instance they are told. */
  private checkSame(event: StreamEvent): void {
    const before = this.seen.get(placeOf(event));
    if (before !== undefined && before !== contentOf(event))
      this.complain(`${told(event)}: was ${before} before, and is ${contentOf(event)}`);
  }

  /**
   * False for the repetition of a reply's event in another epoch, because the log that told it was lost. Those of a
   * conversation are applied again: after a snapshot, only all of them in their order lead to the same messages.
   */
  private isNews(event: StreamEvent): boolean {
    this.checkSame(event);
    this.seen.set(placeOf(event), contentOf(event));
    const before = this.epochs.get(event.id);
    if (before === event.epoch) this.complain(`${told(event)}: its id ${event.id} is in this epoch already`);
    this.epochs.set(event.id, event.epoch);
    return before === undefined || !this.stream.startsWith('generation:');
  }
}

const placeOf = ({ epoch, seq }: StreamEvent): string => `${epoch}.${seq}`;
const contentOf = ({ id, type, data }: StreamEvent): string => `${id} ${type} ${JSON.stringify(data)}`;
const told = ({ stream, epoch, seq, type }: StreamEvent): string => `${stream} ${epoch}.${seq} ${type}`;
