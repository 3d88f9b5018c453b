/** How {@link Locks.acquire} takes a lock. */
export interface LockOptions {
  /**
   * Milliseconds after which the lock ends by itself when its holder is gone; it is renewed every third of it while the
   * holder lives. From 50 ms to an hour.
   * @default 5000
   */
  leaseMs?: number;
  /** Milliseconds to wait for a lock that somebody else holds. @default 0 */
  waitMs?: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/** A lock that is held, until it is given back or lost. */
export interface Lock {
  readonly name: string;
  /**
   * Higher than that of everybody who has held the lock before. Store it with what the lock guards, and refuse a lower
   * one there: no lock can stop a holder that was paused in front of its write, its fence can.
   */
  readonly fence: number;
  /** Aborted, with {@link LockLost} as its reason, as soon as the lease may have run out. */
  readonly signal: AbortSignal;
  /** @throws {LockLost} when the lease may have run out, also when nothing had a chance to notice yet */
  assertHeld(): void;
  /** Gives it back, once; answers whether it was still held. Never throws: an unanswered release ends with the lease. */
  release(): Promise<boolean>;
}

/** Taken, with its fence; or not, and for how many milliseconds its holder has it at least (less than 0: unknown). */
export type LockTaking = { fence: number } | { busyMs: number };

/** Where locks are kept. An owner is an unguessable token, new for each attempt. */
export interface LockStore {
  take(name: string, owner: string, leaseMs: number): Promise<LockTaking>;
  /** False when it is not the owner's (any more). */
  renew(name: string, owner: string, leaseMs: number): Promise<boolean>;
  /** False when it was not the owner's (any more). */
  release(name: string, owner: string): Promise<boolean>;
}
