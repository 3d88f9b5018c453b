import type { EventLog } from '../../platform/events/event-log.service.js';
import { EpochMovedError, type LogEvent } from '../../platform/events/event-log.js';
import {
  conversationRoom,
  generationStream,
  REPLY_DELTA,
  REPLY_SNAPSHOT,
  REPLY_STARTED,
  startOf,
  type ReplyDelta,
  type ReplySnapshot,
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
    private readonly log: Pick<EventLog, 'append' | 'begin' | 'heads' | 'degraded'>,
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

  /** Whether the log that all instances share has what was told. */
  async isKept(): Promise<boolean> {
    if (this.log.degraded) return false;
    try {
      const [head] = await this.log.heads([this.streamAndRoom.stream]);
      return head?.epoch !== undefined && head.epoch === (await this.ground);
    } catch {
      // What is wrong with the log was said where it was written.
      return false;
    }
  }

  private start(): Promise<string> {
    return this.log.begin({ ...this.streamAndRoom, type: REPLY_STARTED, data: startOf(this.generation) });
  }

  /** Both events are sent before either is answered, so that nothing comes between them. */
  private async startOver(said: string): Promise<string> {
    await this.keep(said);
    const snapshot: ReplySnapshot = { generationId: this.generation.id, offset: 0, text: said };
    const [, { epoch }] = await Promise.all([this.start(), this.append(REPLY_SNAPSHOT, snapshot)]);
    return epoch;
  }

  private append(type: string, data: object, epoch?: string): Promise<LogEvent> {
    return this.log.append({ ...this.streamAndRoom, type, data }, epoch);
  }

  private get streamAndRoom(): { stream: string; room: string } {
    const { id, conversationId } = this.generation;
    return { stream: generationStream(id), room: conversationRoom(conversationId) };
  }
}
