import { setTimeout as sleep } from 'node:timers/promises';
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

/** A healthy log answers sooner; the end of a reply does not wait longer for one that is not. */
const PATIENCE_MS = 50;

/**
 * Appends what becomes of one reply, each delta in the epoch of what came before it. Where the log was lost, or is
 * another one for a while, it is told first that the reply began and all that was said.
 */
export class ReplyTeller {
  /** The epoch that the next delta goes on from. */
  private ground?: Promise<string>;
  private begunAt = 0;
  /** Milliseconds until the log had taken the beginning. */
  private beganIn?: number;
  private closed = false;

  constructor(
    private readonly log: Pick<EventLog, 'append' | 'begin' | 'heads' | 'degraded'>,
    private readonly generation: GenerationEntity,
    /** Stores what was said, so that whoever reads it is not behind a log that begins anew with it. Does not throw. */
    private readonly keep: (said: string) => Promise<void>,
  ) {}

  /** Once, before the first delta. */
  async begin(): Promise<void> {
    this.begunAt = performance.now();
    this.ground = this.start();
    await this.ground;
    this.beganIn = performance.now() - this.begunAt;
  }

  /** @param before what was said up to the offset */
  async delta(before: string, text: string): Promise<void> {
    const { id: generationId } = this.generation;
    const delta: ReplyDelta = { generationId, offset: before.length, text };
    const { ground } = this;
    try {
      const epoch = await ground;
      if (this.closed) throw new Error('The reply was over before the log had taken its beginning.');
      await this.append(REPLY_DELTA, delta, epoch);
    } catch (error) {
      if (!(error instanceof EpochMovedError)) throw error;
      // One that was on its way at the same time has begun anew already; this one goes on from there.
      if (this.ground !== ground) return this.delta(before, text);
      this.ground = this.startOver(before + text);
      await this.ground;
    }
  }

  /**
   * Nothing is told from here on but what is on its way to the log: what is appended now stands behind it. Answers
   * whether the log that all instances share has all of it; false also where it takes longer to say.
   */
  async close(): Promise<boolean> {
    const waited = this.beganIn ?? performance.now() - this.begunAt;
    const gaveUp = new AbortController();
    const patience = sleep(PATIENCE_MS, false, { signal: gaveUp.signal }).catch(() => false);
    const kept = waited < PATIENCE_MS && (await Promise.race([this.isKept(), patience]));
    gaveUp.abort();
    this.closed = true;
    return kept;
  }

  private async isKept(): Promise<boolean> {
    try {
      const ground = await this.ground;
      if (this.log.degraded) return false;
      const [head] = await this.log.heads([this.streamAndRoom.stream]);
      return head?.epoch !== undefined && head.epoch === ground;
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
