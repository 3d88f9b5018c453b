import { randomBytes } from 'node:crypto';

const POOL_BYTES = 9 * 512;
let pool = Buffer.alloc(0);
let used = 0;

/** 72 random bits as 12 letters; drawn in bulk, because every miss needs one. */
export function randomToken(): string {
  if (used + 9 > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += 9;
  return pool.toString('base64url', used - 9, used);
}
