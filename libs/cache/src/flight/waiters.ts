import type { WakeReason } from '../bus/bus-message.js';
import type { Clock } from '../clock.js';

/** Why a wait ended. */
export type WaitEnd = WakeReason | 'timeout' | 'changed';

/** A place in the queue of those who wait for another process's load; taken before asking, so that no wake is missed. */
export interface Place {
  /** Resolves at the first wake since the place was taken, or after `ms`. */
  wait(ms: number): Promise<WaitEnd>;
  leave(): void;
}

class Waiting implements Place {
  private woken?: WaitEnd;
  private wake?: (end: WaitEnd) => void;

  constructor(
    private readonly clock: Clock,
    readonly leave: () => void,
  ) {}

  wait(ms: number): Promise<WaitEnd> {
    const already = this.woken;
    this.woken = undefined;
    if (already) return Promise.resolve(already);
    return new Promise((resolve) => {
      const timer = this.clock.after(ms, () => this.tell('timeout'));
      this.wake = (end) => {
        timer.cancel();
        resolve(end);
      };
    });
  }

  tell(end: WaitEnd): void {
    const { wake } = this;
    this.wake = undefined;
    if (wake) wake(end);
    else this.woken = end;
  }
}

/** The loads of other processes that reads of this one wait for. */
export class Waiters {
  private readonly waiting = new Map<string, Set<Waiting>>();

  constructor(private readonly clock: Clock) {}

  take(slotKey: string): Place {
    const places = this.waiting.get(slotKey) ?? new Set();
    const place = new Waiting(this.clock, () => {
      places.delete(place);
      if (places.size === 0 && this.waiting.get(slotKey) === places) this.waiting.delete(slotKey);
    });
    this.waiting.set(slotKey, places.add(place));
    return place;
  }

  wake(slotKey: string, reason: WakeReason): void {
    for (const place of this.waiting.get(slotKey) ?? []) place.tell(reason);
  }

  /** Wakes may have been lost, or cannot come any more: everybody looks again. */
  wakeAll(): void {
    for (const places of this.waiting.values()) for (const place of places) place.tell('changed');
  }
}
