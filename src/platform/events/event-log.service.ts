import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../redis/redis.settings.js';
import type { EventListener, EventLogStore, LogEvent, NewEvent, Replay, ReplayFrom } from './event-log.js';
import { followStream, type Followed } from './event-follower.js';
import { MemoryEventLog } from './memory-event-log.js';
import { RedisEventLog } from './redis-event-log.js';

/** Streams remembered as having lost touch with the shared log; beyond it the oldest is forgotten. */
const MAX_STRAYED = 100_000;

/**
 * The one event log of the process: shared through Redis where there is one, in memory otherwise. While Redis is away
 * events go to the in-process log (this instance's clients still get them live); the first event a stream gets after
 * that begins a new epoch, so that every client notices and catches up from REST.
 */
@Injectable()
export class EventLog implements EventLogStore, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(EventLog.name);
  private readonly memory = new MemoryEventLog();
  private readonly shared?: RedisEventLog;
  private readonly strayed = new Set<string>();
  private stopWatching: () => void = () => undefined;

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
    const { shared } = this;
    if (!shared) return;
    const subscribe = (): Promise<void> =>
      shared.subscribe().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'Events of other instances are not heard until Redis is back');
      });
    this.stopWatching = this.connections.onReady(() => void subscribe());
    if (this.connections.status() === 'ready') await subscribe();
  }

  /** Last: replies that may still end at shutdown are followed until then. */
  onApplicationShutdown(): void {
    this.stopWatching();
    this.shared?.close();
  }

  /** True while events are kept in this process only although Redis is configured. */
  get degraded(): boolean {
    return this.shared !== undefined && this.connections.status() !== 'ready';
  }

  async append(event: NewEvent): Promise<LogEvent> {
    if (this.shared && !this.degraded) {
      try {
        const stored = await this.shared.append(event, { newEpoch: this.strayed.has(event.stream) });
        this.strayed.delete(event.stream);
        return stored;
      } catch (error) {
        this.logger.warn(
          { err: error, stream: event.stream },
          'Event kept in this process: Redis did not take it',
        );
      }
    }
    if (this.shared) this.remember(event.stream);
    return this.memory.append(event);
  }

  async read(stream: string, from: ReplayFrom): Promise<Replay> {
    if (this.shared && !this.degraded && !this.strayed.has(stream)) {
      try {
        return await this.shared.read(stream, from);
      } catch (error) {
        this.logger.warn({ err: error, stream }, 'Events read from this process: Redis did not answer');
      }
    }
    return this.memory.read(stream, from);
  }

  /** Tells every instance's listeners without keeping anything (typing, cancel requests). */
  async signal(event: NewEvent): Promise<void> {
    if (this.shared && !this.degraded) {
      try {
        return await this.shared.signal(event);
      } catch (error) {
        this.logger.warn(
          { err: error, type: event.type },
          'Signal stays in this process: Redis did not take it',
        );
      }
    }
    return this.memory.signal(event);
  }

  /** Every event of every stream that reaches this instance; whoever listens must not throw. */
  listen(listener: EventListener): () => void {
    const stops = [this.memory.listen(listener), this.shared?.listen(listener)];
    return () => stops.forEach((stop) => stop?.());
  }

  follow(stream: string, from: Omit<ReplayFrom, 'limit'>, signal: AbortSignal): AsyncGenerator<Followed> {
    return followStream(this, stream, from, signal);
  }

  private remember(stream: string): void {
    this.strayed.add(stream);
    if (this.strayed.size <= MAX_STRAYED) return;
    const [oldest] = this.strayed;
    if (oldest !== undefined) this.strayed.delete(oldest);
  }
}
