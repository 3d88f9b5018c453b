import { EpochMovedError, type EventLogStore, type LogEvent } from '../../platform/events/event-log.js';
import {
  conversationRoom,
  generationStream,
  REPLY_DELTA,
  REPLY_SNAPSHOT,
  REPLY_STARTED,
  type ReplyDelta,
  type ReplySnapshot,
  type ReplyStarted,
} from '../conversations.events.js';
import type { GenerationEntity } from './generation.entity.js';

/**
 * Appends what becomes of one reply, each delta in the epoch of what came before it. Where the log was lost, or is
 * another one for a while, it is told first that the reply began and all that was said.
 */
export class ReplyTeller {
  /** The epoch that the next delta goes on from. */
  private ground?: Promise<string>;

  constructor(
    private readonly log: Pick<EventLogStore, 'append'>,
    private readonly generation: GenerationEntity,
    /** Stores what was said, so that whoever reads it is not behind a log that begins anew with it. Does not throw. */
    private readonly keep: (said: string) => Promise<void>,
  ) {}

  /** Once, before the first delta. */
  async begin(): Promise<void> {
    this.ground = this.start();
    await this.ground;
  }

  /** @param before what was said up to the offset */
  async delta(before: string, text: string): Promise<void> {
    const { id: generationId } = this.generation;
    const delta: ReplyDelta = { generationId, offset: before.length, text };
    const { ground } = this;
    try {
      await this.append(REPLY_DELTA, delta, await ground);
    } catch (error) {
      if (!(error instanceof EpochMovedError)) throw error;
      // One that was on its way at the same time has begun anew already; this one goes on from there.
      if (this.ground !== ground) return this.delta(before, text);
      this.ground = this.startOver(before + text);
      await this.ground;
    }
  }

  /** Resolves when no delta waits for what it goes on from any more: what is appended now stands behind them all. */
  async sent(): Promise<void> {
    await this.ground?.catch(() => undefined);
  }

  private async start(): Promise<string> {
    const { id: generationId, replyMessageId: messageId, parentMessageId: parentId } = this.generation;
    const started: ReplyStarted = { generationId, messageId, parentId };
    return (await this.append(REPLY_STARTED, started)).epoch;
  }

  /** Both events are sent before either is answered, so that nothing comes between them. */
  private async startOver(said: string): Promise<string> {
    await this.keep(said);
    const snapshot: ReplySnapshot = { generationId: this.generation.id, offset: 0, text: said };
    const [, { epoch }] = await Promise.all([this.start(), this.append(REPLY_SNAPSHOT, snapshot)]);
    return epoch;
  }

  private append(type: string, data: object, epoch?: string): Promise<LogEvent> {
    const { id, conversationId } = this.generation;
    const [stream, room] = [generationStream(id), conversationRoom(conversationId)];
    return this.log.append({ stream, room, type, data }, epoch);
  }
}
