import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { LoginWarmUp } from '../platform/warm-up/login-warm-up.js';
import { UsersService } from '../users/users.service.js';
import type { UserRecord } from '../users/users.types.js';
import { LoginThrottle } from './login-throttle.js';
import { passwordFaults } from './passwords.rules.js';
import { PasswordsService } from './passwords.service.js';
import { RefreshTokensService } from './refresh-tokens.service.js';
import { TokensService } from './tokens.service.js';

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token expires. */
  expiresIn: number;
}

export interface Registration {
  email: string;
  password: string;
  username: string;
}

/** Signing up, in and out. */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly tokens: TokensService,
    private readonly refreshTokens: RefreshTokensService,
    private readonly throttle: LoginThrottle,
    private readonly warmUp: LoginWarmUp,
  ) {}

  /** @throws validation-failed, username-taken, email-taken */
  async register({ email, password, username }: Registration): Promise<{ user: UserRecord } & TokenPair> {
    const errors = passwordFaults(password, { email, username });
    if (errors.length > 0) {
      throw platformErrors['validation-failed']('The password cannot be used; see errors.', { errors });
    }
    this.users.assertUsable(username);
    // Before the transaction: a hash takes tens of milliseconds, during which an embedded database would serve nobody.
    const passwordHash = await this.passwords.hash(password);
    const { user, refreshToken } = await this.database.transaction(async () => {
      const created = await this.users.create({ email, username, passwordHash });
      return { user: created, refreshToken: await this.refreshTokens.start(created.id) };
    });
    return { user, ...(await this.tokens.issue(user)), refreshToken };
  }

  /** @throws unauthenticated (one answer for unknown and wrong), rate-limited */
  async login(email: string, password: string, address: string): Promise<TokenPair> {
    await this.throttle.attempt(email, address);
    const account = await this.users.credentialsByEmail(email);
    if (!(await this.passwords.verify(account?.passwordHash, password)) || !account) {
      throw platformErrors.unauthenticated('The email address or the password is wrong.');
    }
    await this.throttle.succeeded(email, address);
    if (account.passwordHash && this.passwords.isOutdated(account.passwordHash)) {
      await this.users.rehash(account.id, account.passwordHash, await this.passwords.hash(password));
    }
    const refreshToken = await this.refreshTokens.start(account.id);
    const user = await this.users.get(account.id);
    this.warmUp.warm(account.id);
    return { ...(await this.tokens.issue(user)), refreshToken };
  }

  /** @throws unauthenticated */
  async refresh(refreshToken: string): Promise<TokenPair> {
    const rotation = await this.refreshTokens.rotate(refreshToken);
    const user = await this.users.find(rotation.userId);
    if (!user) throw platformErrors.unauthenticated('The account no longer exists.');
    return { ...(await this.tokens.issue(user)), refreshToken: rotation.refreshToken };
  }

  async logout(refreshToken: string): Promise<void> {
    await this.refreshTokens.revoke(refreshToken);
  }
}
