import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX_BYTES = 8;
const SECRET_BYTES = 32;
const FORM = /^rpt_([0-9a-f]{16})_[\w-]{43}$/;

export interface NewSecret {
  /** The whole key, as its owner sends it. */
  secret: string;
  prefix: string;
  hash: Buffer;
}

/** `rpt_<prefix>_<256 random bits>`: recognisable by secret scanners, found by its prefix, proved by its hash. */
export function newSecret(): NewSecret {
  const prefix = randomBytes(PREFIX_BYTES).toString('hex');
  const secret = `rpt_${prefix}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { secret, prefix, hash: hashOf(secret) };
}

/** Whether a bearer token claims to be an API key; an access token never looks like one. */
export const looksLikeKey = (token: string): boolean => token.startsWith('rpt_');

/** The prefix of a well-formed key. */
export const prefixOf = (key: string): string | undefined => FORM.exec(key)?.[1];

/** @param hash base64 of what {@link newSecret} gave */
export const proves = (key: string, hash: string): boolean => {
  const expected = Buffer.from(hash, 'base64');
  const given = hashOf(key);
  return expected.length === given.length && timingSafeEqual(expected, given);
};

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();
