import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { isId } from '../platform/ids/ids.js';
import { ClosedAccounts } from '../users/closed-accounts.service.js';
import { ExternalIssuer } from './external-issuer.js';
import { TokenKeys } from './token-keys.js';
import { TokenSettings } from './tokens.settings.js';
import { VerifiedTokens } from './verified-tokens.js';

export interface VerifiedToken {
  actor: Actor;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** The account was closed when it was verified. */
  closed?: boolean;
}

/** RFC 9068: an access token is never mistaken for another kind of JWT signed with the same key. */
const TOKEN_TYPE = 'at+jwt';
const CLOCK_TOLERANCE_SECONDS = 5;
const MAX_REMEMBERED = 10_000;

/** Access tokens: short-lived, signed, believed without asking the database. */
@Injectable()
export class TokensService {
  private readonly verified = new VerifiedTokens(MAX_REMEMBERED, CLOCK_TOLERANCE_SECONDS * 1_000);

  constructor(
    private readonly settings: TokenSettings,
    private readonly keys: TokenKeys,
    private readonly external: ExternalIssuer,
    private readonly closed: ClosedAccounts,
  ) {}

  /** The role a user's next token carries. */
  roleOf(user: { id: string; role: Actor['role'] }): Actor['role'] {
    return this.settings.adminUserIds.includes(user.id) ? 'admin' : user.role;
  }

  async issue(user: {
    id: string;
    role: Actor['role'];
  }): Promise<{ accessToken: string; expiresIn: number }> {
    const expiresIn = Math.floor(this.settings.accessTtlMs / 1000);
    const issuedAt = Math.floor(Date.now() / 1000);
    const accessToken = await new SignJWT({ role: this.roleOf(user) })
      .setProtectedHeader({ alg: this.keys.algorithm, typ: TOKEN_TYPE })
      .setIssuer(this.settings.issuer)
      .setAudience(this.settings.audience)
      .setSubject(user.id)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + expiresIn)
      .sign(this.keys.signing);
    return { accessToken, expiresIn };
  }

  /**
   * @param alsoWhenClosed believes the token of an account that is closed
   * @throws unauthenticated for any token that is not ours (or the external issuer's), whole and in time
   */
  async verify(token: string, alsoWhenClosed = false): Promise<VerifiedToken> {
    const verified = await this.verifyToken(token);
    const closed = verified.closed || this.closed.has(verified.actor.id);
    if (alsoWhenClosed || !closed) return verified;
    throw platformErrors.unauthenticated('The account is closed.');
  }

  private async verifyToken(token: string): Promise<VerifiedToken> {
    const known = this.verified.get(token);
    if (known) return known;
    try {
      if (this.external.issued(claimedIssuer(token))) return await this.external.verify(token);
      const verified = await this.verifyOwn(token);
      this.verified.add(token, verified);
      return verified;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      throw platformErrors.unauthenticated(
        error instanceof errors.JWTExpired
          ? 'The access token has expired; refresh it.'
          : 'The access token is not valid; log in again.',
        { cause: error },
      );
    }
  }

  private async verifyOwn(token: string): Promise<VerifiedToken> {
    const { payload } = await jwtVerify<{ role?: unknown }>(token, this.keys.verifying, {
      algorithms: [this.keys.algorithm],
      typ: TOKEN_TYPE,
      issuer: this.settings.issuer,
      audience: this.settings.audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['sub', 'iat', 'exp', 'jti'],
    });
    const { sub = '', role, exp = 0 } = payload;
    if (!isId(sub) || (role !== 'user' && role !== 'admin')) {
      throw new errors.JWTClaimValidationFailed('sub or role is not one of ours', payload);
    }
    return { actor: { id: sub, role }, expiresAt: exp * 1000 };
  }
}

/** Unverified: it only chooses whose key the token must stand up to. */
function claimedIssuer(token: string): string | undefined {
  const { iss } = decodeJwt(token);
  return typeof iss === 'string' ? iss : undefined;
}
