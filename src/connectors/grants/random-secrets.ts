import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits for URLs and cookies. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** As it is stored: it has 256 random bits, so a slow hash would protect nothing more. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const isDigestOf = (secret: string, digest: Buffer): boolean =>
  timingSafeEqual(digestOf(secret), digest);

/** Binds an id token to the authorisation that asked for it; who reads it learns nothing of the verifier. */
export const nonceOf = (verifier: string): string => digestOf(`nonce ${verifier}`).toString('base64url');
