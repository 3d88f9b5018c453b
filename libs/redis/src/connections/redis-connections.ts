import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { addressOf, createClient, type RedisConnectionOptions } from './connection-options.js';

/** `off`: none configured. `connecting`: not reached yet since the start. `lost`: reached before, away now. */
export type RedisStatus = 'off' | 'connecting' | 'ready' | 'lost';

/** Answer of {@link RedisConnections.ping}. */
export interface RedisPing {
  status: 'off' | 'up' | 'down';
  latencyMs: number;
  /** Why it is down. */
  reason?: string;
}

type Listener = () => void;

/**
 * The two connections of a process: one for commands, one for subscriptions. They come up when Redis does, whether
 * that is before the process, after it, or again after an outage; nothing here waits for it or throws because of it.
 *
 * @example
 * const redis = new RedisConnections({ url: 'redis://localhost:6379' });
 * await redis.start();
 * if (redis.status() === 'ready') await redis.commands?.set('key', 'value');
 * redis.close();
 */
export class RedisConnections {
  /** Commands; undefined without a configured Redis. Rejects at once while Redis is away. */
  readonly commands: Redis | undefined;
  /** Subscriptions only; what is subscribed has to be subscribed again at every {@link onReady}. */
  readonly subscriber: Redis | undefined;

  private readonly log = new Logger('Redis');
  private readonly clients: Redis[];
  private readonly readyListeners = new Set<Listener>();
  private readonly lostListeners = new Set<Listener>();
  private readonly heartbeatMs: number;
  private current: RedisStatus;
  private reason = 'no connection yet';
  private reported = false;
  private lostAt = 0;
  private heartbeat: NodeJS.Timeout | undefined;
  private readonly checking = new Set<Redis>();
  private closed = false;

  constructor(options: RedisConnectionOptions) {
    this.commands = createClient(options, 'commands');
    this.subscriber = createClient(options, 'subscriber');
    this.heartbeatMs = options.heartbeatMs ?? 5_000;
    this.clients = [this.commands, this.subscriber].filter((client) => client !== undefined);
    this.current = this.clients.length ? 'connecting' : 'off';
    for (const client of this.clients) {
      client.on('error', (error: Error) => this.noteFailure(error));
      client.on('ready', () => this.noteReady());
      client.on('close', () => this.noteClosed());
    }
  }

  /** `redis` when one is configured, reachable or not. */
  get mode(): 'redis' | 'none' {
    return this.clients.length ? 'redis' : 'none';
  }

  status(): RedisStatus {
    return this.current;
  }

  /**
   * Connects, and resolves when Redis is ready, or has refused, or after `waitMs`: a process starts with or without it.
   * @param waitMs Milliseconds. @default 1000
   */
  async start(waitMs = 1_000): Promise<void> {
    if (!this.clients.length || this.closed || this.heartbeat) return;
    this.heartbeat = setInterval(() => this.beat(), this.heartbeatMs);
    const waited = new AbortController();
    const connected = Promise.all(this.clients.map((client) => client.connect()));
    // A failed first attempt is reported by the error event and repeated by the retry strategy.
    const settled = connected.then(
      () => undefined,
      () => undefined,
    );
    const timedOut = sleep(waitMs, undefined, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([settled, timedOut]);
    waited.abort();
  }

  /** Calls `listener` each time both connections are up (not for the present); returns how to stop. */
  onReady(listener: Listener): () => void {
    this.readyListeners.add(listener);
    return () => this.readyListeners.delete(listener);
  }

  /** Calls `listener` each time an established connection is lost; returns how to stop. */
  onLost(listener: Listener): () => void {
    this.lostListeners.add(listener);
    return () => this.lostListeners.delete(listener);
  }

  /** One PING on the command connection. Never throws, never takes longer than `deadlineMs`. */
  async ping(deadlineMs: number): Promise<RedisPing> {
    if (!this.commands) return { status: 'off', latencyMs: 0 };
    const started = performance.now();
    const elapsed = (): number => Math.round((performance.now() - started) * 10) / 10;
    try {
      await answered(this.commands, deadlineMs);
      return { status: 'up', latencyMs: elapsed() };
    } catch (error) {
      const reason = this.current === 'ready' ? (error as Error).message : this.reason;
      return { status: 'down', latencyMs: elapsed(), reason };
    }
  }

  /** Lets go of both connections at once; also of one that does not answer. */
  close(): void {
    this.closed = true;
    clearInterval(this.heartbeat);
    this.readyListeners.clear();
    this.lostListeners.clear();
    for (const client of this.clients) client.disconnect();
  }

  private noteReady(): void {
    if (this.closed || !this.clients.every(({ status }) => status === 'ready')) return;
    const before = this.current;
    this.current = 'ready';
    const away = this.lostAt ? ` after ${((Date.now() - this.lostAt) / 1000).toFixed(1)} s` : '';
    this.log.log(
      `Redis at ${this.address} is ${before === 'lost' || this.reported ? `back${away}` : 'ready'}.`,
    );
    this.reported = false;
    this.lostAt = 0;
    this.call(this.readyListeners);
  }

  private noteFailure(error: Error): void {
    this.reason = error.message || (error as NodeJS.ErrnoException).code || error.name;
    if (this.closed || this.current === 'ready') return;
    this.report();
  }

  private noteClosed(): void {
    if (this.closed || this.current !== 'ready') return;
    this.current = 'lost';
    this.lostAt = Date.now();
    this.reason = 'the connection was closed';
    this.report();
    this.call(this.lostListeners);
  }

  /** Once per outage: the attempts that follow say nothing new. */
  private report(): void {
    if (this.reported) return;
    this.reported = true;
    this.lostAt ||= Date.now();
    this.log.warn(
      `Redis at ${this.address} is unavailable (${this.reason}); going on without it and trying again.`,
    );
  }

  private call(listeners: Set<Listener>): void {
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        this.log.error('A listener of the Redis connections failed.', error);
      }
    }
  }

  private get address(): string {
    return this.commands ? addressOf(this.commands) : 'nowhere';
  }

  /** A link can be open and dead (no FIN after a power cut or a paused server); only a missing answer tells. */
  private beat(): void {
    for (const client of this.clients) {
      if (this.checking.has(client) || (client.status !== 'ready' && client.status !== 'connect')) continue;
      this.checking.add(client);
      const check =
        client.status === 'ready'
          ? answered(client, this.heartbeatMs)
          : becomesReady(client, this.heartbeatMs);
      check
        .catch((error: Error) => {
          this.reason = error.message;
          if (!this.closed && client.status !== 'end') client.disconnect(true);
        })
        .finally(() => this.checking.delete(client));
    }
  }
}

/** @throws when the client has no answer to PING in time. */
async function answered(client: Redis, deadlineMs: number): Promise<void> {
  const done = new AbortController();
  const late = sleep(deadlineMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`no answer to PING within ${deadlineMs} ms`);
  });
  try {
    await Promise.race([client.ping(), late]);
  } finally {
    done.abort();
  }
}

/** @throws when a client that is connected, but not ready, has not become so after `deadlineMs`. */
async function becomesReady(client: Redis, deadlineMs: number): Promise<void> {
  await sleep(deadlineMs, undefined, { ref: false });
  if (client.status === 'connect') throw new Error(`connected, but not ready within ${deadlineMs} ms`);
}
