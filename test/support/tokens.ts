import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';

/** For `AUTH_SECRET`: a test that knows it can be an administrator, or anybody. */
export const TOKEN_SECRET = 'VGhlIHNlY3JldCBvZiBlbmQtdG8tZW5kIHRlc3RzLg==';

export interface TokenOptions {
  subject: string;
  secret?: string;
  issuer?: string;
  audience?: string;
  type?: string;
  role?: string;
  /** Seconds from now. */
  expiresIn?: number;
}

/** A token as the service issues it, but for what is told otherwise. */
export function forgeToken(options: TokenOptions): Promise<string> {
  const { subject, secret = TOKEN_SECRET, issuer = 'rapport', audience = 'rapport-api' } = options;
  const { type = 'at+jwt', role = 'user', expiresIn = 600 } = options;
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ role })
    .setProtectedHeader({ alg: 'HS256', typ: type })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt(now - 60)
    .setExpirationTime(now + expiresIn)
    .sign(new TextEncoder().encode(secret));
}

export const adminToken = (subject: string): Promise<string> => forgeToken({ subject, role: 'admin' });
