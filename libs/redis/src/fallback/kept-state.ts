import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../connections/redis-connections.js';

/** After a failed command of a Redis that is said to be ready. */
const RETRY_MS = 1_000;

/** What {@link KeptState} needs to know. */
export interface KeptStateOptions<Store> {
  /** Begins the log line, e.g. `Presence`. */
  feature: string;
  /** This process's own part. */
  local: Store;
  /** All parts; undefined when no Redis is configured. */
  shared: Store | undefined;
  /** Milliseconds between two renewals. */
  renewEveryMs: number;
  /** Keeps alive everything this process stands for: with itself, and with Redis when that is there. */
  renew: (redisIsThere: boolean) => Promise<void>;
}

/**
 * State in Redis of which every process keeps its own part alive (leases, sessions). While Redis is away each process
 * answers from its own part; when Redis is back, the part is written again before answers come from Redis.
 */
export class KeptState<Store> {
  private readonly log = new Logger('Redis');
  private readonly stopWatching: (() => void)[];
  private timer: NodeJS.Timeout | undefined;
  private renewing = false;
  /** Redis has all of this process's part, as far as is known. */
  private complete: boolean;
  private failures = 0;
  private reported = false;
  private closed = false;

  constructor(
    private readonly connections: RedisConnections,
    private readonly options: KeptStateOptions<Store>,
  ) {
    this.complete = this.redisIsThere;
    this.stopWatching = [
      connections.onReady(() => this.renew()),
      connections.onLost(() => (this.complete = false)),
    ];
    this.schedule(options.renewEveryMs);
  }

  /** Answers come from this process alone although Redis is configured. */
  get degraded(): boolean {
    return this.connections.mode !== 'none' && !(this.complete && this.redisIsThere);
  }

  /** From Redis once it has this process's part, otherwise from this process. */
  read<T>(question: (store: Store) => Promise<T>): Promise<T> {
    const { local, shared } = this.options;
    if (!shared || !this.complete || !this.redisIsThere) return question(local);
    return this.attempt(
      () => question(shared),
      () => question(local),
    );
  }

  /** In this process at once, so that it can answer alone, and in Redis if it is there, whether it has all or not. */
  write<T>(change: (store: Store) => Promise<T>): Promise<T> {
    const { local, shared } = this.options;
    const alone = change(local);
    if (!shared || !this.redisIsThere) return alone;
    return this.attempt(
      () => change(shared),
      () => alone,
    );
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const stop of this.stopWatching) stop();
  }

  private get redisIsThere(): boolean {
    return this.connections.status() === 'ready';
  }

  private async attempt<T>(shared: () => Promise<T>, local: () => Promise<T>): Promise<T> {
    try {
      return await shared();
    } catch (error) {
      this.noteFailure(error);
      return local();
    }
  }

  private renew(): void {
    if (this.renewing || this.closed) return;
    this.renewing = true;
    const failuresBefore = this.failures;
    this.options
      .renew(this.redisIsThere)
      .then(
        () => this.noteRenewed(failuresBefore),
        (error: unknown) => this.noteFailure(error),
      )
      .finally(() => {
        this.renewing = false;
        this.schedule(this.degraded && this.redisIsThere ? RETRY_MS : this.options.renewEveryMs);
      });
  }

  /** A write that failed meanwhile may be one that the renewal had already passed. */
  private noteRenewed(failuresBefore: number): void {
    if (!this.redisIsThere || this.failures !== failuresBefore) return;
    this.complete = true;
    this.reported = false;
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    // Jitter, so that instances that were started together do not renew together.
    this.timer = setTimeout(() => this.renew(), ms * (0.9 + Math.random() / 10)).unref();
  }

  /** Reported once per outage, and not at all for one that the connections have reported. */
  private noteFailure(error: unknown): void {
    this.complete = false;
    this.failures++;
    if (this.closed || !this.redisIsThere) return;
    if (!this.renewing) this.schedule(RETRY_MS);
    if (this.reported) return;
    this.reported = true;
    this.log.warn(
      `${this.options.feature} goes on in this process only: Redis did not answer (${(error as Error).message}).`,
    );
  }
}
