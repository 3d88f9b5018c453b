import type { Command } from 'ioredis';
import type { RedisClient } from './connection-options.js';

/** Upper bounds of the latency buckets, in ms; the last bucket has none. */
const BUCKETS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000] as const;

/** Numbers of the commands of a connection since it was made. */
export interface CommandCounts {
  /** Given to the client, its own handshakes included. */
  sent: number;
  /** Refused by the client or the server, or not answered; includes `timedOut`. */
  failed: number;
  timedOut: number;
  /** Answered commands by time: `counts[i]` took at most `boundsMs[i]`, the last one longer; not cumulative. */
  latency: { boundsMs: readonly number[]; counts: readonly number[]; sumMs: number };
}

type Send = (command: Command, ...rest: unknown[]) => unknown;

/** Counts what goes through a connection, whoever sends it, and tells of each failure. */
export class CommandTally {
  private sent = 0;
  private failed = 0;
  private timedOut = 0;
  private unanswered = 0;
  private sumMs = 0;
  private readonly counts = Array.from({ length: BUCKETS_MS.length + 1 }, () => 0);

  constructor(private readonly onFailure?: (error: Error) => void) {}

  watch(client: RedisClient): void {
    const counted = client as unknown as { sendCommand: Send };
    const send = counted.sendCommand;
    counted.sendCommand = (command, ...rest) => {
      this.follow(command);
      return send.call(client, command, ...rest);
    };
  }

  /** Commands that have neither an answer nor an error yet. */
  get inFlight(): number {
    return this.unanswered;
  }

  read(): CommandCounts {
    const { sent, failed, timedOut, counts, sumMs } = this;
    return { sent, failed, timedOut, latency: { boundsMs: BUCKETS_MS, counts: [...counts], sumMs } };
  }

  /**
   * The command's own callbacks are taken, not its promise: a promise that is looked at counts as handled, and a
   * caller that forgot to catch would never learn of it.
   */
  private follow(command: Command): void {
    const { resolve, reject } = command;
    const startedAt = performance.now();
    let settled = false;
    this.sent++;
    this.unanswered++;
    command.resolve = (reply) => {
      if (!settled) {
        settled = true;
        this.unanswered--;
        this.count(performance.now() - startedAt);
      }
      resolve.call(command, reply);
    };
    command.reject = (error) => {
      if (!settled) {
        settled = true;
        this.unanswered--;
        this.failed++;
        if (error.message === 'Command timed out') this.timedOut++;
        this.onFailure?.(error);
      }
      reject.call(command, error);
    };
  }

  private count(ms: number): void {
    this.sumMs += ms;
    let at = 0;
    while (ms > (BUCKETS_MS[at] ?? Number.POSITIVE_INFINITY)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }
}
