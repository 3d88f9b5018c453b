import { CommandTally } from './command-tally.js';
import type { BlockingPoolOptions, RedisClient } from './connection-options.js';
import { within } from './deadline.js';
import { RedisPoolError } from './redis-pool.error.js';

interface Pooled {
  readonly client: RedisClient;
  readonly tally: CommandTally;
  /** Not borrowed since the last sweep. */
  stale: boolean;
  /** Being closed; the client calls itself ready until its socket has gone. */
  dropped: boolean;
}

interface Waiter {
  give(pooled: Pooled): void;
  fail(error: Error): void;
}

/** Options of one {@link BlockingPool.use}. */
export interface BlockingUseOptions {
  /** Ends the wait for a connection, or breaks the connection and so the command that blocks on it. */
  signal?: AbortSignal;
  /** Milliseconds the use may last. @default the pool's `useMs` */
  deadlineMs?: number;
}

/** Numbers of a {@link BlockingPool}. */
export interface BlockingPoolCounts {
  open: number;
  inUse: number;
  /** Callers without a connection yet. */
  waiting: number;
  /** The most that are opened. */
  max: number;
}

/**
 * Connections for commands that block (`BLPOP`, `XREAD BLOCK`, `WAIT`), which would hold up everybody else's on the shared
 * one. They have no deadline for a command, so a use has one. A connection goes back only when it is up and every
 * command on it has its answer; any other is closed. What a use changes on its connection (`MULTI`, `WATCH`, `SELECT`) it
 * must undo.
 */
export class BlockingPool {
  private readonly idle: Pooled[] = [];
  private readonly inUse = new Set<Pooled>();
  private readonly waiters: Waiter[] = [];
  private readonly limits: Required<BlockingPoolOptions>;
  private opening = 0;
  private sweep: NodeJS.Timeout | undefined;
  private closed = false;

  /**
   * @param connect - makes a client that is not connected yet
   * @param isReady - whether it makes sense to try
   */
  constructor(
    private readonly connect: () => RedisClient | undefined,
    private readonly isReady: () => boolean,
    options: BlockingPoolOptions = {},
  ) {
    const defaults = { min: 5, max: 20, waitMs: 1_000, maxWaiting: 1_000, useMs: 60_000, idleMs: 30_000 };
    this.limits = { ...defaults, ...options };
    this.limits.min = Math.min(this.limits.min, this.limits.max);
  }

  /**
   * Lends a connection to `work` until its promise settles.
   *
   * @throws RedisPoolError when there is none in time, or the use lasts too long; the signal's reason when it fires;
   * what `work` throws
   * @example
   * const job = await redis.blocking.use((client) => client.blpop('jobs', 5), { signal });
   */
  async use<T>(work: (client: RedisClient) => Promise<T>, options: BlockingUseOptions = {}): Promise<T> {
    const { signal, deadlineMs = this.limits.useMs } = options;
    signal?.throwIfAborted();
    const pooled = await this.borrow(signal);
    this.inUse.add(pooled);
    const end = endOf(deadlineMs, signal);
    let ended = true;
    try {
      return await Promise.race([work(pooled.client).finally(() => (ended = false)), end.reached]);
    } finally {
      end.forget();
      this.inUse.delete(pooled);
      // Work that goes on beyond its end must not share the connection with the next.
      if (ended) drop(pooled);
      this.takeBack(pooled);
    }
  }

  counts(): BlockingPoolCounts {
    const { idle, inUse, waiters, limits } = this;
    return { open: idle.length + inUse.size, inUse: inUse.size, waiting: waiters.length, max: limits.max };
  }

  /** Closes all connections: what blocks on them fails now. The next use opens new ones. */
  break(): void {
    for (const pooled of [...this.idle.splice(0), ...this.inUse]) drop(pooled);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.sweep);
    this.break();
    for (const waiter of this.waiters.splice(0)) waiter.fail(new RedisPoolError('closed'));
  }

  private borrow(signal: AbortSignal | undefined): Promise<Pooled> {
    const { waitMs, maxWaiting } = this.limits;
    if (this.closed) throw new RedisPoolError('closed');
    if (!this.isReady()) throw new RedisPoolError('unavailable');
    if (this.waiters.length >= maxWaiting) throw new RedisPoolError('too-many-waiting', maxWaiting);
    return new Promise<Pooled>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        const at = this.waiters.indexOf(waiter);
        if (at >= 0) this.waiters.splice(at, 1);
      };
      const waiter: Waiter = {
        give: (pooled) => (settle(), resolve(pooled)),
        fail: (error) => (settle(), reject(error)),
      };
      const abort = (): void => waiter.fail(signal?.reason as Error);
      const timer = setTimeout(() => waiter.fail(new RedisPoolError('wait-timeout', waitMs)), waitMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.waiters.push(waiter);
      this.serve();
      this.keepWarm();
    });
  }

  /** Gives idle connections to those who wait, and opens as many as they and the limit ask for. */
  private serve(): void {
    while (this.waiters.length && this.idle.length) {
      const pooled = this.idle.pop() as Pooled;
      pooled.stale = false;
      if (isUsable(pooled)) this.waiters[0]?.give(pooled);
      else drop(pooled);
    }
    while (this.opening < this.waiters.length && this.size < this.limits.max) this.open();
  }

  private keepWarm(): void {
    this.sweep ??= setInterval(() => this.closeStale(), this.limits.idleMs).unref();
    while (this.size < this.limits.min) this.open();
  }

  private get size(): number {
    return this.idle.length + this.inUse.size + this.opening;
  }

  private open(): void {
    const client = this.connect();
    if (!client) return;
    const tally = new CommandTally();
    tally.watch(client);
    this.opening++;
    // Without a listener ioredis prints it; the command or the attempt to connect fails, too.
    client.on('error', () => undefined);
    within(this.limits.waitMs, client.connect()).then(
      () => {
        this.opening--;
        this.takeBack({ client, tally, stale: false, dropped: false });
      },
      (error: Error) => {
        this.opening--;
        client.disconnect();
        this.waiters[0]?.fail(new RedisPoolError('unavailable', undefined, error));
      },
    );
  }

  private takeBack(pooled: Pooled): void {
    if (this.closed || !isUsable(pooled)) drop(pooled);
    else this.idle.push(pooled);
    if (!this.closed) this.serve();
  }

  private closeStale(): void {
    const spare = this.size - this.limits.min;
    const gone = this.idle.filter(({ stale }) => stale).slice(0, Math.max(0, spare));
    for (const pooled of gone) {
      this.idle.splice(this.idle.indexOf(pooled), 1);
      drop(pooled);
    }
    for (const pooled of this.idle) pooled.stale = true;
  }
}

/** Rejects when a use has lasted too long, or its signal fires. */
function endOf(deadlineMs: number, signal: AbortSignal | undefined) {
  const done = new AbortController();
  const reached = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new RedisPoolError('use-timeout', deadlineMs)), deadlineMs);
    done.signal.addEventListener('abort', () => clearTimeout(timer));
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: done.signal });
  });
  return { reached, forget: () => done.abort() };
}

function drop(pooled: Pooled): void {
  pooled.dropped = true;
  pooled.client.disconnect();
}

/** Up, with nothing unanswered, and not turned into a subscriber. */
const isUsable = ({ client, tally, dropped }: Pooled): boolean =>
  !dropped &&
  client.status === 'ready' &&
  tally.inFlight === 0 &&
  (client as { mode?: string }).mode !== 'subscriber';
