/** Why work that needs a lock was not done, or was not done alone. */
export type LockErrorCode = 'lock-timeout' | 'lock-unavailable' | 'lock-lost';

/** What every error of a lock is. */
export abstract class LockError extends Error {
  abstract readonly code: LockErrorCode;

  constructor(
    /** Name of the lock. */
    readonly lock: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Somebody else held the lock for the whole time that the caller was ready to wait. */
export class LockTimeout extends LockError {
  override readonly name = 'LockTimeout';
  readonly code = 'lock-timeout';

  constructor(lock: string, waitMs: number) {
    super(lock, `Lock "${lock}" is held by somebody else, also after ${waitMs} ms.`);
  }
}

/** There is nobody to ask for the lock: Redis is configured, and away. */
export class LockUnavailable extends LockError {
  override readonly name = 'LockUnavailable';
  readonly code = 'lock-unavailable';

  constructor(lock: string, options?: ErrorOptions) {
    super(lock, `Lock "${lock}" cannot be had: Redis does not answer.`, options);
  }
}

/** The lock may belong to somebody else by now: its lease may have run out, or Redis forgot it, or it was given back. */
export class LockLost extends LockError {
  override readonly name = 'LockLost';
  readonly code = 'lock-lost';

  constructor(lock: string, reason: string) {
    super(lock, `Lock "${lock}" is no longer held: ${reason}.`);
  }
}
