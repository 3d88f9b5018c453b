/** So much in so long, evenly refilled: `quota` units come back every `windowMs`, one at a time. */
export interface RateLimit {
  /** Units that a window gives; at most one per microsecond. */
  quota: number;
  /** Milliseconds. */
  windowMs: number;
  /** Units that may be taken at once by a key that has rested. @default quota */
  burst?: number;
  /** Units that one call takes or gives back. @default 1 */
  cost?: number;
}

/** What a key was granted, or why not. */
export interface Allowance {
  allowed: boolean;
  /** Units that could be taken now. */
  remaining: number;
  /** Milliseconds until this call would be allowed; 0 when it was. */
  retryAfterMs: number;
  /** Milliseconds until the whole burst is there again. */
  resetAfterMs: number;
}

/** Somewhere to count: in Redis, or in this process. Policies do not share keys. */
export interface RateLimitStore {
  /** Takes `cost` units, or nothing. @throws {RangeError} for a limit that cannot be counted */
  take(policy: string, key: string, limit: RateLimit): Promise<Allowance>;
  /** What {@link take} would answer, without taking. */
  peek(policy: string, key: string, limit: RateLimit): Promise<Allowance>;
  /** Gives `cost` units back, never more than were taken. */
  giveBack(policy: string, key: string, limit: RateLimit): Promise<void>;
  /** Forgets the key: its whole burst is there. */
  reset(policy: string, key: string): Promise<void>;
}
