import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisClient, RedisConnections } from '@rapport/redis';
import { Queue, Worker } from 'bullmq';

/** What a process does when it is woken. */
export interface AlarmAnswer {
  /** There is work on this row; resolves when this process is done with it. */
  take(id: string): Promise<void>;
  /** There may be work. */
  look(): void;
}

const RING_MS = 500;
const CLOSE_MS = 1_000;
const AGAIN_MS = 500;
const NOTHING_KEPT = { count: 0 };

interface Listening {
  client: RedisClient;
  worker: Worker;
}

/**
 * Wakes one of the processes that wait for work on rows, through a BullMQ queue where there is Redis. It carries ids only
 * and may be lost, late or double: the row decides, and whoever answers also looks at the rows from time to time.
 */
export class Alarm implements OnApplicationShutdown {
  private readonly logger = new Logger('Alarm');
  private readonly stops: (() => void)[];
  private queue: Queue | undefined;
  private answerer: AlarmAnswer | undefined;
  private concurrency = 1;
  private listening: Listening | undefined;
  private again: NodeJS.Timeout | undefined;

  /** @param prefix of its keys; they are in one slot of a Cluster */
  constructor(
    private readonly name: string,
    private readonly connections: RedisConnections,
    private readonly prefix: string,
  ) {
    this.stops = [connections.onReady(() => this.listen()), connections.onLost(() => this.hangUp())];
  }

  /** Wakes some process, or this one where no other can be reached. */
  async ring(id: string): Promise<void> {
    if (!(await this.call(id))) this.answerer?.look();
  }

  /** Wakes some process. False when none can be reached; never rejects. */
  call(id: string): Promise<boolean> {
    // Once is enough, until somebody is done with it.
    return this.wake(id, id);
  }

  /** Wakes some other process in place of this one, which was woken and cannot; the queue still has the id as taken. */
  callAgain(id: string): Promise<boolean> {
    return this.wake(id);
  }

  private async wake(id: string, jobId?: string): Promise<boolean> {
    if (this.connections.mode === 'none' || !this.connections.writable()) return false;
    try {
      return (await within(this.add(id, jobId), RING_MS)) === 'rung';
    } catch (error) {
      this.logger.warn({ err: error }, 'A worker was not woken; the work is found when workers look for it');
      return false;
    }
  }

  /** From now on this process is one of those that are woken, for so many rows at once. */
  answer(answerer: AlarmAnswer, concurrency: number): void {
    this.answerer = answerer;
    this.concurrency = concurrency;
    if (this.connections.status() === 'ready') this.listen();
  }

  /** This process is woken no more; what it has taken goes on. */
  silence(): void {
    this.answerer = undefined;
    this.hangUp();
  }

  async onApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    this.silence();
    // The connection is not its own; what is left are listeners.
    await within(this.queue?.close());
  }

  private async add(id: string, jobId: string | undefined): Promise<'rung'> {
    this.queue ??= this.openQueue();
    await this.queue.add(this.name, { id }, { jobId, removeOnComplete: true, removeOnFail: true });
    return 'rung';
  }

  private openQueue(): Queue {
    const queue = new Queue(this.name, {
      connection: this.connections.commands as RedisClient,
      prefix: this.prefix,
      skipVersionCheck: true,
      streams: { events: { maxLen: 100 } },
    });
    queue.on('error', (error) => this.logger.debug({ msg: 'The queue of an alarm failed', err: error }));
    return queue;
  }

  private listen(): void {
    const { answerer } = this;
    if (!answerer || this.listening) return;
    const client = this.connections.dedicated(this.name);
    if (!client) return;
    client.on('error', (error) =>
      this.logger.debug({ msg: 'The connection of an alarm failed', err: error }),
    );
    const worker = new Worker<{ id: string }>(this.name, ({ data }) => answerer.take(data.id), {
      connection: client,
      prefix: this.prefix,
      concurrency: this.concurrency,
      removeOnComplete: NOTHING_KEPT,
      removeOnFail: NOTHING_KEPT,
      skipVersionCheck: true,
      runRetryDelay: 1_000,
    });
    worker.on('error', (error) => this.logger.debug({ msg: 'An alarm was not heard', err: error }));
    const listening = { client, worker };
    this.listening = listening;
    client.once('end', () => {
      // Only this connection: the others live, and nobody else would say so.
      if (this.listening !== listening) return;
      this.hangUp();
      this.again = setTimeout(() => {
        if (this.connections.status() === 'ready') this.listen();
      }, AGAIN_MS);
      this.again.unref();
    });
  }

  private hangUp(): void {
    clearTimeout(this.again);
    const { listening } = this;
    this.listening = undefined;
    if (!listening) return;
    const { client, worker } = listening;
    // By force: what it has taken is known to the rows, and a queue that does not answer must not hold the process.
    void within(worker.close(true))
      .catch((error: unknown) => this.logger.debug({ msg: 'An alarm was not closed in order', err: error }))
      .finally(() => client.disconnect());
  }
}

/** What it resolves to, or undefined after so long. */
async function within<T>(work: Promise<T> | undefined, ms = CLOSE_MS): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, undefined, { signal: timer.signal, ref: false })]);
  } finally {
    timer.abort();
  }
}
