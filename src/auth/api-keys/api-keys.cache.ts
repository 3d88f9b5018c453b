import { defineCache } from '@rapport/cache';
import type { KeyScope } from '../../platform/actor/key-scopes.js';

/** What the guard needs of a key. The hash is of 256 random bits: who reads it learns nothing to log in with. */
export interface KnownKey {
  id: string;
  userId: string;
  /** SHA-256 of the key, base64. */
  hash: string;
  scopes: KeyScope[];
  /** Milliseconds since 1970; null for no end. */
  expiresAt: number | null;
}

/**
 * Keys by prefix; only existing ones, for anybody may invent prefixes. Dropped when a key is removed. No copies in the
 * processes: a key that was removed opens nothing from that moment on, on any instance.
 */
export const apiKeyByPrefix = defineCache<[prefix: string], KnownKey | null>({
  name: 'api-key',
  key: (prefix) => [prefix],
  ttl: '5m',
  l1: false,
});
