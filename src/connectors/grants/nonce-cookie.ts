import { digestOf } from './random-secrets.js';

/** Longer than an authorisation is open, so that one that took too long is told so rather than taken for a stranger's. */
const MAX_AGE_S = 3_600;

/** One for each authorisation: several may be under way in one browser. */
const nameOf = (state: string): string => `rapport-connect-${digestOf(state).toString('hex').slice(0, 16)}`;

/** The `Set-Cookie` that binds an authorisation to the browser which begins it. */
export const nonceCookie = (
  { state, nonce }: { state: string; nonce: string },
  { path, isSecure }: { path: string; isSecure: boolean },
): string =>
  `${nameOf(state)}=${nonce}; Path=${path}; Max-Age=${MAX_AGE_S}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;

/** What the browser that comes back with a state was given when it began, if it was this browser. */
export function nonceIn(cookies: string | undefined, state: string): string | undefined {
  const start = `${nameOf(state)}=`;
  const pair = (cookies ?? '').split(';').find((candidate) => candidate.trimStart().startsWith(start));
  return pair?.trim().slice(start.length);
}
