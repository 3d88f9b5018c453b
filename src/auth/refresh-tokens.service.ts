import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { newId } from '../platform/ids/ids.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { TokenSettings } from './tokens.settings.js';

export interface Rotation {
  userId: string;
  refreshToken: string;
}

/** Refresh tokens: opaque, single use, kept as hashes. A login starts a family; seeing a spent one again ends it. */
@Injectable()
export class RefreshTokensService {
  constructor(
    private readonly database: Database,
    private readonly tokens: RefreshTokensRepository,
    private readonly settings: TokenSettings,
  ) {}

  /** Starts a family. Joins the running transaction. */
  start(userId: string): Promise<string> {
    return this.append(newId(), userId);
  }

  /**
   * Trades a token for the next one. A spent token means that somebody else has it too, and nobody can tell which of
   * the two is the thief, so the whole family ends.
   * @throws unauthenticated
   */
  async rotate(refreshToken: string): Promise<Rotation> {
    // The outcome leaves the transaction as a value: a throw inside would roll the revocation back.
    const rotation = await this.database.transaction(async () => {
      const token = await this.tokens.findByHash(hashOf(refreshToken));
      if (!token) return undefined;
      await this.tokens.lockFamily(token.familyId);
      if (await this.tokens.use(token.id)) {
        return { userId: token.userId, refreshToken: await this.append(token.familyId, token.userId) };
      }
      await this.tokens.revokeFamily(token.familyId);
      return undefined;
    });
    if (rotation) return rotation;
    throw platformErrors.unauthenticated('The refresh token is spent, revoked or expired; log in again.');
  }

  /** Ends the family of a token. An unknown token has nothing left to end. */
  async revoke(refreshToken: string): Promise<void> {
    await this.database.transaction(async () => {
      const token = await this.tokens.findByHash(hashOf(refreshToken));
      if (!token) return;
      await this.tokens.lockFamily(token.familyId);
      await this.tokens.revokeFamily(token.familyId);
    });
  }

  /** For somebody who is gone. */
  removeAllOf(userId: string): Promise<void> {
    return this.tokens.deleteOf(userId);
  }

  /** Removes tokens that are long past. */
  async sweep(): Promise<void> {
    while (await this.tokens.sweep());
  }

  private async append(familyId: string, userId: string): Promise<string> {
    const refreshToken = randomBytes(32).toString('base64url');
    await this.tokens.insert({
      id: newId(),
      familyId,
      userId,
      tokenHash: hashOf(refreshToken),
      expiresAt: new Date(Date.now() + this.settings.refreshTtlMs),
    });
    return refreshToken;
  }
}

const hashOf = (refreshToken: string): Buffer => createHash('sha256').update(refreshToken).digest();
