import { LockLost } from './lock.errors.js';
import type { Lock, LockStore } from './lock.js';

/** Part of a lease that is not trusted: clocks of two machines do not run at the same speed. */
const DRIFT = 0.01;

/** What a lock is made of when it was taken. */
export interface Taken {
  name: string;
  fence: number;
  owner: string;
  leaseMs: number;
  /** `performance.now()` before the lock was asked for: its lease began later. */
  askedAt: number;
}

/**
 * Keeps a lock by renewing its lease, and knows on its own clock when it may have lost it. That clock does not stop
 * with the process (a paused one finds its lease over); it may stop with the whole machine, which only the fence covers.
 */
export class HeldLock implements Lock {
  readonly name: string;
  readonly fence: number;
  private readonly aborter = new AbortController();
  private readonly renewMs: number;
  private renewal: NodeJS.Timeout | undefined;
  private expiry: NodeJS.Timeout | undefined;
  private heldUntil: number;
  private ended = false;

  constructor(
    private readonly store: LockStore,
    private readonly taken: Taken,
  ) {
    this.name = taken.name;
    this.fence = taken.fence;
    this.renewMs = taken.leaseMs / 3;
    this.heldUntil = this.trustedUntil(taken.askedAt);
    this.renewal = this.timer(() => void this.renew(), this.renewMs);
    this.watchExpiry();
  }

  /** Reading it looks at the clock: who resumes after a pause sees the truth before any timer has run. */
  get signal(): AbortSignal {
    this.isHeld();
    return this.aborter.signal;
  }

  assertHeld(): void {
    if (this.isHeld()) return;
    const lost: unknown = this.aborter.signal.reason;
    throw lost instanceof LockLost ? lost : new LockLost(this.name, 'it was given back');
  }

  async release(): Promise<boolean> {
    if (!this.isHeld()) return false;
    this.end();
    return this.store.release(this.name, this.taken.owner).catch(() => false);
  }

  private isHeld(): boolean {
    if (!this.ended && performance.now() >= this.heldUntil) this.lose('its lease may have run out');
    return !this.ended;
  }

  private async renew(): Promise<void> {
    const { owner, leaseMs } = this.taken;
    const askedAt = performance.now();
    const renewed = await this.store.renew(this.name, owner, leaseMs).catch(() => undefined);
    if (!this.isHeld()) return;
    if (renewed === false) return this.lose('somebody else has taken it, or Redis has forgotten it');
    if (renewed) {
      this.heldUntil = this.trustedUntil(askedAt);
      this.watchExpiry();
    }
    // No answer says nothing: the lease goes on until it ends by the clock.
    this.renewal = this.timer(() => void this.renew(), renewed ? this.renewMs : this.renewMs / 4);
  }

  private lose(reason: string): void {
    this.end();
    this.aborter.abort(new LockLost(this.name, reason));
    // Not ours to use any more, but perhaps still in our name, and then in the way of everybody else.
    this.store.release(this.name, this.taken.owner).catch(() => undefined);
  }

  private end(): void {
    this.ended = true;
    clearTimeout(this.renewal);
    clearTimeout(this.expiry);
  }

  private watchExpiry(): void {
    clearTimeout(this.expiry);
    this.expiry = this.timer(() => void this.isHeld(), Math.ceil(this.heldUntil - performance.now()));
  }

  private timer(task: () => void, ms: number): NodeJS.Timeout {
    return setTimeout(task, ms).unref();
  }

  private trustedUntil(askedAt: number): number {
    return askedAt + this.taken.leaseMs * (1 - DRIFT);
  }
}
