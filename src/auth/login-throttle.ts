import { Injectable } from '@nestjs/common';
import type { AttemptLimiter } from '../platform/rate-limit/attempt-limiter.js';
import { clientNetwork } from '../platform/rate-limit/client-address.js';
import { RateLimiters } from '../platform/rate-limit/rate-limiters.js';
import { foldIdentifier } from '../platform/text/fold-identifier.js';
import { PasswordSettings } from './passwords.settings.js';

/** Failed logins, counted for the account and for the address whether or not the account exists. */
@Injectable()
export class LoginThrottle {
  private readonly accounts: AttemptLimiter;
  private readonly addresses: AttemptLimiter;

  constructor(limiters: RateLimiters, settings: PasswordSettings) {
    const { loginWindowMs: windowMs } = settings;
    const what = 'failed logins';
    this.accounts = limiters.create({
      name: 'login:account',
      points: settings.loginsPerAccount,
      windowMs,
      what,
    });
    this.addresses = limiters.create({
      name: 'login:address',
      points: settings.loginsPerAddress,
      windowMs,
      what,
    });
  }

  /** @throws rate-limited */
  async attempt(email: string, address: string): Promise<void> {
    await this.addresses.consume(clientNetwork(address));
    await this.accounts.consume(foldIdentifier(email));
  }

  /** The account starts afresh. The address gets this attempt back only: its owner may be guessing at others. */
  async succeeded(email: string, address: string): Promise<void> {
    await Promise.all([
      this.accounts.reset(foldIdentifier(email)),
      this.addresses.refund(clientNetwork(address)),
    ]);
  }
}
