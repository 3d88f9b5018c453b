import { Injectable } from '@nestjs/common';
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { UsersService } from '../users/users.service.js';
import { IdentitiesService } from './identities.service.js';
import type { VerifiedToken } from './tokens.service.js';
import { TokenSettings } from './tokens.settings.js';

/** Public-key signatures only: with a shared-secret algorithm the published key would be the secret. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** What is wrong with a token's header, as opposed to with the way to the keys. */
const ABOUT_THE_TOKEN = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
const FETCH_DEADLINE_MS = 3_000;
const CLOCK_TOLERANCE_SECONDS = 5;

interface ExternalClaims {
  email?: unknown;
  email_verified?: unknown;
  preferred_username?: unknown;
  name?: unknown;
}

/** Access tokens of another issuer, checked with the keys it publishes. */
@Injectable()
export class ExternalIssuer {
  private readonly keys?: JWTVerifyGetKey;

  constructor(
    private readonly settings: TokenSettings,
    private readonly identities: IdentitiesService,
    private readonly users: UsersService,
  ) {
    if (settings.jwksUrl !== undefined) {
      this.keys = createRemoteJWKSet(new URL(settings.jwksUrl), { timeoutDuration: FETCH_DEADLINE_MS });
    }
  }

  /** Whether a token that names this issuer is for us to check. Our own name cannot be taken over. */
  issued(issuer: string | undefined): boolean {
    return this.keys !== undefined && issuer === this.settings.jwksIssuer && issuer !== this.settings.issuer;
  }

  /** @throws JOSEError for a bad token; unavailable when the issuer's keys cannot be fetched */
  async verify(token: string): Promise<VerifiedToken> {
    const { payload } = await jwtVerify<ExternalClaims>(token, this.getKey, {
      algorithms: ALGORITHMS,
      issuer: this.settings.jwksIssuer,
      audience: this.settings.jwksAudience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['sub', 'exp'],
    });
    const { iss = '', sub = '', exp = 0, iat = 0 } = payload;
    if (sub === '' || sub.length > 255)
      throw new errors.JWTClaimValidationFailed('sub is not usable', payload, 'sub');
    const userId = await this.identities.resolve({
      issuer: iss,
      subject: sub,
      // Unverified, it could claim somebody else's address.
      email: payload.email_verified === true ? textClaim(payload.email) : undefined,
      username: textClaim(payload.preferred_username),
      displayName: textClaim(payload.name),
      // One that does not say when is as old as can be.
      issuedAt: new Date((iat - CLOCK_TOLERANCE_SECONDS) * 1000),
    });
    // Roles are given here, not by the other issuer.
    const user = await this.users.find(userId);
    return { actor: { id: userId, role: user?.role ?? 'user' }, expiresAt: exp * 1000, closed: !user };
  }

  private readonly getKey: JWTVerifyGetKey = async (header, token) => {
    if (!this.keys) throw new errors.JWKSNoMatchingKey();
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (ABOUT_THE_TOKEN.some((kind) => error instanceof kind)) throw error;
      throw platformErrors.unavailable('The keys of the external issuer cannot be fetched; try again.', {
        cause: error,
        retryAfterMs: 5_000,
      });
    }
  };
}

const textClaim = (claim: unknown): string | undefined =>
  typeof claim === 'string' && claim.trim() !== '' ? claim.trim().slice(0, 254) : undefined;
