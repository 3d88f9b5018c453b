import { defineCache } from '@rapport/cache';

/** (issuer, subject) → user id; only found ones are kept, and such a link goes with its account only. */
export const identityUser = defineCache<[issuer: string, subject: string], string | null>({
  name: 'user:identity',
  key: (issuer, subject) => [issuer, subject],
  ttl: '1h',
  l1: { ttl: '1m' },
});
