import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../redis/redis.settings.js';
import {
  EpochMovedError,
  StreamClosedError,
  type EventListener,
  type EventLogStore,
  type Fact,
  type LogEvent,
  type NewEvent,
  type Replay,
  type ReplayFrom,
  type StreamHead,
  type Telling,
} from './event-log.js';
import { followStream, type Followed } from './event-follower.js';
import { MemoryEventLog } from './memory-event-log.js';
import { RedisEventLog } from './redis-event-log.js';

/** Beyond it Redis is taken for hung, and is not asked again until it answers a probe in time. */
const DEADLINE_MS = 250;
const PROBE_EVERY_MS = 200;
const MAX_PROBE_MS = 2_000;
const RELAPSE_MS = 10_000;
const SUBSCRIBE_AGAIN_MS = 500;

/**
 * The one event log of the process: shared through Redis where there is one, in memory otherwise. While Redis is away,
 * hung or takes no writes, events go to the in-process log, under an epoch of its own: this instance's clients still
 * get them live, and every client notices the change and catches up from REST. Facts are told again to the shared log
 * when it is back (see EventOutbox).
 */
@Injectable()
export class EventLog
  implements Omit<EventLogStore, 'tell' | 'newestTold'>, OnModuleInit, OnApplicationShutdown
{
  private readonly logger = new Logger(EventLog.name);
  private readonly memory = new MemoryEventLog();
  private readonly shared?: RedisEventLog;
  private readonly backListeners = new Set<() => void>();
  private readonly waiting = new Set<(reason: unknown) => void>();
  private subscribed = false;
  private suspended = false;
  private probeMs = PROBE_EVERY_MS;
  private recoveredAt = -Infinity;
  /** The shared log was asked since the one of this process was. */
  private wasShared = false;
  private stopped = false;
  private stops: (() => void)[] = [];
  private appended = 0;
  private kept = 0;

  constructor(
    private readonly connections: RedisConnections,
    { keyPrefix }: RedisSettings,
    { environment }: RuntimeSettings,
  ) {
    const { commands, subscriber } = connections;
    if (commands && subscriber)
      this.shared = new RedisEventLog(commands, subscriber, `${keyPrefix}:${environment}`);
  }

  async onModuleInit(): Promise<void> {
    if (!this.shared) return;
    this.stops = [
      this.connections.onReady(() => void this.resubscribe()),
      this.connections.onLost(() => (this.subscribed = false)),
    ];
    if (this.connections.status() === 'ready') await this.resubscribe();
  }

  /** Last: replies that may still end at shutdown are followed until then. */
  onApplicationShutdown(): void {
    this.stopped = true;
    this.stops.forEach((stop) => stop());
    this.shared?.close();
  }

  /** Whether instances share the log, or would if Redis were there. */
  get isShared(): boolean {
    return this.shared !== undefined;
  }

  /** True while events are kept in this process only although Redis is configured. */
  get degraded(): boolean {
    return this.shared !== undefined && (this.suspended || !this.connections.writable());
  }

  /** Events appended to the shared log, and those that this process kept to itself, since it started. */
  get counts(): { appended: number; keptLocal: number } {
    return { appended: this.appended, keptLocal: this.kept };
  }

  /** Calls `listener` each time this instance hears the shared log again: it may have missed events. */
  onBack(listener: () => void): () => void {
    this.backListeners.add(listener);
    return () => this.backListeners.delete(listener);
  }

  append(event: NewEvent, epoch?: string): Promise<LogEvent> {
    return this.write((log) => log.append(event, epoch));
  }

  begin(event: NewEvent): Promise<string> {
    return this.write((log) => log.begin(event));
  }

  seal(stream: string): Promise<void> {
    return this.ask((log) => log.seal(stream));
  }

  /** In the log that is asked now; what another one keeps goes with its time. */
  drop(stream: string): Promise<void> {
    return this.ask((log) => log.drop(stream));
  }

  /** Whether the shared log has the fact: in one that only this process knows, it would be lost with it. */
  async tell(fact: Fact): Promise<Telling | 'kept'> {
    let local = false;
    const telling = await this.write((log) => {
      local = log === this.memory && this.shared !== undefined;
      return log.tell(fact);
    });
    return local && telling !== 'behind' ? 'kept' : telling;
  }

  noteTold(fact: number): Promise<void> {
    return this.ask((log) => log.noteTold(fact));
  }

  /** Undefined while the shared log is away: the one of this process knows nothing of it. */
  newestTold(): Promise<number | undefined> {
    return this.ask<number | undefined>(async (log) =>
      log === this.memory && this.shared ? undefined : log.newestTold(),
    );
  }

  read(stream: string, from: ReplayFrom): Promise<Replay> {
    return this.ask((log) => log.read(stream, from));
  }

  heads(streams: readonly string[]): Promise<StreamHead[]> {
    return this.ask((log) => log.heads(streams));
  }

  renew(stream: string, lost: string | undefined, room: string): Promise<void> {
    return this.write((log) => log.renew(stream, lost, room));
  }

  /** Tells every instance's listeners without keeping anything (typing, cancel requests). */
  signal(event: NewEvent): Promise<void> {
    return this.ask((log) => log.signal(event));
  }

  /** Every event of every stream that reaches this instance; whoever listens must not throw. */
  listen(listener: EventListener): () => void {
    const stops = [this.memory.listen(listener), this.shared?.listen(this.whileShared(listener))];
    return () => stops.forEach((stop) => stop?.());
  }

  listenTo(stream: string, listener: EventListener): () => void {
    const shared = this.shared?.listenTo(stream, this.whileShared(listener));
    const stops = [this.memory.listenTo(stream, listener), shared];
    return () => stops.forEach((stop) => stop?.());
  }

  follow(stream: string, from: Omit<ReplayFrom, 'limit'>, signal: AbortSignal): AsyncGenerator<Followed> {
    return followStream(this, stream, from, signal);
  }

  /**
   * While this instance answers from its own log, it tells nothing of the shared one: a client that hears of both would
   * be sent from the one to the other and back. What is left out is found when the shared log is back.
   */
  private whileShared(listener: EventListener): EventListener {
    return (delivered) => {
      if (delivered.event.seq === null || !this.degraded) listener(delivered);
      else this.suspend(new Error('Redis announces events and takes none.'));
    };
  }

  private async write<T>(work: (log: EventLogStore) => Promise<T>): Promise<T> {
    const degraded = this.degraded;
    const result = await this.ask(work);
    if (degraded || this.degraded) this.kept += 1;
    else this.appended += 1;
    return result;
  }

  private async ask<T>(work: (log: EventLogStore) => Promise<T>): Promise<T> {
    if (!this.shared) return work(this.memory);
    if (this.degraded) {
      // Whatever made it so: the way back is one.
      this.suspend(new Error('Redis takes no writes.'));
      return work(this.alone());
    }
    this.wasShared = true;
    try {
      return await this.inTime(work(this.shared));
    } catch (error) {
      if (concernsOneStream(error)) throw error;
      this.suspend(error);
      return work(this.alone());
    }
  }

  /** Without what it kept in an earlier outage: whoever goes on from there would miss what was shared since. */
  private alone(): MemoryEventLog {
    if (this.wasShared) this.memory.clear();
    this.wasShared = false;
    return this.memory;
  }

  /** Goes on without Redis until it takes a write in time: a slow answer costs every caller, a refusal every event. */
  private suspend(cause: unknown): void {
    if (this.suspended || this.stopped) return;
    this.suspended = true;
    // Together and in their order, or what is appended from now on would overtake them.
    for (const giveUp of this.waiting) giveUp(cause);
    this.logger.warn({ err: cause }, 'Events stay in this process until Redis takes them again');
    void this.recover();
  }

  private async recover(): Promise<void> {
    // A Redis that answers probes and fails at work (a shard of a Cluster is gone) must not cost an epoch each time.
    const relapsed = performance.now() - this.recoveredAt < RELAPSE_MS;
    this.probeMs = relapsed ? Math.min(2 * this.probeMs, MAX_PROBE_MS) : PROBE_EVERY_MS;
    while (!this.stopped) {
      await sleep(this.probeMs, undefined, { ref: false });
      if (!this.connections.writable()) continue;
      try {
        await this.inTime(this.shared?.probe() ?? Promise.resolve());
      } catch {
        // What is wrong was logged when it began; the connections report what they see themselves.
        continue;
      }
      this.suspended = false;
      this.recoveredAt = performance.now();
      this.logger.log('Events are shared through Redis again');
      if (this.subscribed) this.announceBack();
      return;
    }
  }

  private async resubscribe(): Promise<void> {
    while (!this.stopped && !this.subscribed && this.connections.status() === 'ready') {
      try {
        await this.shared?.subscribe();
        this.subscribed = true;
        if (!this.suspended) this.announceBack();
      } catch (error) {
        this.logger.warn({ err: error }, 'Events of other instances are not heard yet');
        await sleep(SUBSCRIBE_AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  private announceBack(): void {
    for (const listener of [...this.backListeners]) listener();
  }

  /** @throws when Redis has no answer in time, or is given up meanwhile */
  private inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`Redis did not answer within ${DEADLINE_MS} ms.`));
      // After a stall of this process timers come first; the answer may be there already, one turn of the loop away.
      const timer = setTimeout(() => setImmediate(() => setImmediate(late)), DEADLINE_MS);
      this.waiting.add(reject);
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(reject);
      };
      work.then(resolve, reject).finally(done);
    });
  }
}

/** An answer of the log, or the fault of one stream's keys: no reason to give up Redis for all the others. */
const concernsOneStream = (error: unknown): boolean =>
  error instanceof StreamClosedError ||
  error instanceof EpochMovedError ||
  error instanceof SyntaxError ||
  (error instanceof Error && error.message.includes('WRONGTYPE'));
