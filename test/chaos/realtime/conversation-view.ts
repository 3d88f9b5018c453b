import type { Message } from '../../support/api-client.js';
import { ReplyRecord } from './reply-record.js';
import { REPLY, subjectOf, type Allowances, type Complain, type StreamEvent } from './wire.js';

/** A conversation as one client shows it: what events and snapshots said, and nothing else. */
export class ConversationView {
  readonly replies = new Map<string, ReplyRecord>();
  /** Another branch is shown since the messages were read: they have to be read again. */
  outdated = false;
  /** The epoch in which a reply's end was told. */
  private readonly ends = new Map<string, string>();
  private readonly byId = new Map<string, Message>();
  /** Of the epoch that is being followed. */
  private epoch?: string;
  private newest = 0;

  constructor(
    readonly conversationId: string,
    private readonly complain: Complain,
    private readonly allowances: Allowances,
  ) {}

  /** By `seq`. */
  get messages(): Message[] {
    return [...this.byId.values()].toSorted((one, other) => one.seq - other.seq);
  }

  /** Replies that are not over, as far as is known here. */
  get running(): ReplyRecord[] {
    return [...this.replies.values()].filter(({ ended }) => !ended);
  }

  reply(generationId: string): ReplyRecord {
    const known = this.replies.get(generationId);
    if (known) return known;
    const made = new ReplyRecord(generationId, this.complain, this.allowances);
    this.replies.set(generationId, made);
    return made;
  }

  /** All messages, read over REST. */
  load(messages: readonly Message[]): void {
    this.outdated = false;
    this.byId.clear();
    this.newest = 0;
    for (const message of messages) this.put(message);
  }

  apply(event: StreamEvent): void {
    const { type, data, stream } = event;
    if (REPLY.test(type)) {
      const { generationId } = data;
      if (!generationId || generationId !== subjectOf(stream))
        this.complain(`${stream} tells ${type} of generation ${generationId}`);
      const reply = this.reply(generationId ?? subjectOf(stream));
      const endedIn = this.ends.get(reply.generationId);
      // What is told again of a reply that is over, because its log was lost, is ignored.
      if (endedIn !== undefined && endedIn !== event.epoch) return;
      reply.apply(type, data);
      if (reply.ends > 0) this.ends.set(reply.generationId, event.epoch);
      return;
    }
    switch (type) {
      case 'message.created':
        this.created(event);
        break;
      case 'message.updated':
        this.changed(event);
        break;
      case 'branch.changed':
        this.outdated = true;
        break;
      case 'message.deleted':
        if (data.messageId) this.byId.delete(data.messageId);
        else this.complain(`${stream}: message.deleted without an id`);
        break;
      default:
        break;
    }
  }

  /** What is not on the path that is shown is not shown. */
  private changed({ data: { message, active } }: StreamEvent): void {
    if (!message) return;
    if (active === false) this.byId.delete(message.id);
    else this.put(message);
  }

  private created(event: StreamEvent): void {
    const { stream, epoch, seq, data } = event;
    const { message } = data;
    if (!message) return this.complain(`${stream} ${seq}: message.created without a message`);
    if (epoch !== this.epoch) this.newest = 0;
    this.epoch = epoch;
    if (message.seq <= this.newest)
      this.complain(`${stream} ${epoch}.${seq}: message ${message.seq} is created after ${this.newest}`);
    this.newest = Math.max(this.newest, message.seq);
    this.changed(event);
  }

  /** A character's message takes the place of the other variants of the same answer. */
  private put(message: Message): void {
    if (message.conversationId !== this.conversationId)
      this.complain(`message ${message.id} is of conversation ${message.conversationId}`);
    for (const other of this.byId.values()) if (areVariants(other, message)) this.byId.delete(other.id);
    this.byId.set(message.id, message);
  }
}

const areVariants = (one: Message, other: Message): boolean =>
  one.id !== other.id &&
  one.role === 'character' &&
  other.role === 'character' &&
  one.parentId !== null &&
  one.parentId === other.parentId;
