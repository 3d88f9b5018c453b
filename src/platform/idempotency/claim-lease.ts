import type { Logger } from '@nestjs/common';
import type { Claim, IdempotencyKeysRepository } from './idempotency-keys.repository.js';

const RENEW_EVERY_MS = 20_000;

/** Keeps the claim of a long request; without it the lock lapses after a minute, as it must when the process dies. */
export class ClaimLease {
  private renewal = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private claim: Claim | undefined,
    keys: Pick<IdempotencyKeysRepository, 'renew'>,
    logger: Pick<Logger, 'warn'>,
  ) {
    this.timer = setInterval(() => {
      this.renewal = this.renewal.then(async () => {
        try {
          if (this.claim) this.claim = await keys.renew(this.claim);
        } catch (error) {
          logger.warn({ msg: 'The lock of an idempotent request could not be renewed', err: error });
        }
      });
    }, RENEW_EVERY_MS);
  }

  /** Stops renewing and gives the claim as it is now, or undefined when another process has taken over. */
  async end(): Promise<Claim | undefined> {
    clearInterval(this.timer);
    await this.renewal;
    return this.claim;
  }
}
