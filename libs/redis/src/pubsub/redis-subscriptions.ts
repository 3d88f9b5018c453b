import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../connections/redis-connections.js';

/** The longest that a refused subscription waits to be asked for again. */
const MAX_RETRY_MS = 5_000;
/** Names in one command. */
const BATCH = 500;

class Names {
  readonly wanted = new Set<string>();
  readonly confirmed = new Set<string>();
  missing = (): string[] => [...this.wanted].filter((name) => !this.confirmed.has(name));
  surplus = (): string[] => [...this.confirmed].filter((name) => !this.wanted.has(name));
}

/**
 * What a process has subscribed to in Redis, kept in step with what it wants: after every reconnect, after a refusal,
 * and while callbacks come and go faster than the server answers.
 */
export class RedisSubscriptions {
  readonly channels = new Names();
  readonly patterns = new Names();

  private readonly log = new Logger('Redis');
  private readonly stopWatching: (() => void)[];
  private readonly listeners = new Set<() => void>();
  /** The step that is on its way, and the one that begins after it with all that is wanted by then. */
  private running: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  /** Changes whenever a connection is lost: what was asked of the one before says nothing of this one. */
  private connection = 0;
  private missed = false;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly connections: RedisConnections) {
    this.stopWatching = [
      connections.onReady(() => void this.settle()),
      connections.onLost(() => this.noteLost()),
    ];
  }

  /** Everything that was wanted when it was last looked at is subscribed to. */
  get inStep(): boolean {
    return this.connections.status() === 'ready' && this.failures === 0 && !this.missed;
  }

  /** Resolves when what is wanted now was asked for, with or without success. Never rejects. */
  settle(): Promise<void> {
    if (this.connections.status() !== 'ready') this.missed = true;
    if (this.closed || this.connections.status() !== 'ready') return Promise.resolve();
    this.queued ??= this.running.then(() => {
      this.running = this.queued ?? Promise.resolve();
      this.queued = undefined;
      return this.step();
    });
    return this.queued;
  }

  /** Calls `listener` when everything is subscribed again after a time in which messages may have been missed. */
  onResubscribed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    for (const stop of this.stopWatching) stop();
    this.listeners.clear();
  }

  private async step(): Promise<void> {
    const { subscriber } = this.connections;
    const { connection } = this;
    if (!subscriber || this.closed || this.connections.status() !== 'ready') return;
    const ask = async (
      set: Set<string>,
      change: 'add' | 'delete',
      names: readonly string[],
      command: (...names: string[]) => Promise<unknown>,
    ): Promise<void> => {
      for (let at = 0; at < names.length; at += BATCH) {
        const some = names.slice(at, at + BATCH);
        await command(...some);
        if (connection !== this.connection) throw new Error('the connection was lost');
        for (const name of some) set[change](name);
      }
    };
    const { channels, patterns } = this;
    try {
      await Promise.all([
        ask(channels.confirmed, 'add', channels.missing(), (...names) => subscriber.subscribe(...names)),
        ask(patterns.confirmed, 'add', patterns.missing(), (...names) => subscriber.psubscribe(...names)),
        ask(channels.confirmed, 'delete', channels.surplus(), (...names) => subscriber.unsubscribe(...names)),
        ask(patterns.confirmed, 'delete', patterns.surplus(), (...names) =>
          subscriber.punsubscribe(...names),
        ),
      ]);
    } catch (error) {
      this.noteFailure(error as Error);
      return;
    }
    this.failures = 0;
    if (!this.missed) return;
    this.missed = false;
    this.tellResubscribed();
  }

  private noteLost(): void {
    this.connection++;
    this.missed = true;
    for (const { confirmed } of [this.channels, this.patterns]) confirmed.clear();
  }

  /** A connection that is lost reports itself, and comes back with a step. */
  private noteFailure(error: Error): void {
    if (this.closed || this.connections.status() !== 'ready') return;
    this.missed = true;
    if (this.failures++ === 0) this.log.warn(`Channels are not heard: ${error.message}; trying again.`);
    clearTimeout(this.retry);
    const ms = Math.min(MAX_RETRY_MS, 100 * 2 ** Math.min(this.failures, 10));
    this.retry = setTimeout(() => void this.settle(), ms).unref();
  }

  private tellResubscribed(): void {
    for (const listener of [...this.listeners]) {
      try {
        listener();
      } catch (error) {
        this.log.error('A listener of renewed subscriptions failed.', error);
      }
    }
  }
}
