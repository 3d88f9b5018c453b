import type { Clock } from '../clock.js';

/** A command took longer than it may. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

interface Wait {
  readonly ms: number;
  /** Undefined once the answer is there. */
  expire?: (error: DeadlineExceeded) => void;
}

/** Waits that end within the same so many ms share a timer. */
const GRAIN_MS = 5;

/**
 * Ends waits that take too long. Waits share timers, because a timer for every command costs more than the rest of its
 * way through this process; a wait may therefore end up to {@link GRAIN_MS} early.
 */
export class Deadlines {
  private readonly waits = new Map<number, Wait[]>();

  constructor(private readonly clock: Clock) {}

  /** The promise's answer, or {@link DeadlineExceeded} after `ms`. A late answer is dropped, a late error as well. */
  within<T>(promise: Promise<T>, ms: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const wait: Wait = { ms, expire: reject };
      this.add(wait);
      promise.then(
        (value) => {
          wait.expire = undefined;
          resolve(value);
        },
        (error: Error) => {
          wait.expire = undefined;
          reject(error);
        },
      );
    });
  }

  private add(wait: Wait): void {
    const now = this.clock.now();
    const grain = Math.max(Math.floor((now + wait.ms) / GRAIN_MS), Math.floor(now / GRAIN_MS) + 1);
    const group = this.waits.get(grain);
    if (group) {
      group.push(wait);
      return;
    }
    this.waits.set(grain, [wait]);
    this.clock.after(grain * GRAIN_MS - now, () => this.expire(grain));
  }

  private expire(grain: number): void {
    const group = this.waits.get(grain) ?? [];
    this.waits.delete(grain);
    if (group.every(({ expire }) => expire === undefined)) return;
    // Timers run before sockets are read: after a pause of the event loop the answers may be there, unread. One more
    // turn reads them, so that a busy process does not take itself for a hung server.
    this.clock.afterInput(() => {
      for (const { ms, expire } of group) expire?.(new DeadlineExceeded(`no answer within ${ms} ms`));
    });
  }
}
