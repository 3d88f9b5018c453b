import { encodeKey, type CacheDeclaration } from '@rapport/cache';
import { personalityReadings } from './ai/personality/personality.cache.js';
import {
  characterById,
  characterGallery,
  characterPrompt,
  characterStats,
  publicCharacters,
} from './characters/characters.cache.js';
import {
  extractionJob,
  platformProfiles,
  platformRateLimits,
  platformStatus,
  soulSignature,
} from './connectors/connectors.cache.js';
import {
  conversationById,
  conversationContext,
  conversationsOfUser,
  conversationsWithCharacter,
} from './conversations/conversations.cache.js';
import { usageCounters } from './usage/usage.cache.js';
import { userById, userIdByUsername, usernameExists, userProfile } from './users/users.cache.js';

// What operators and other systems know these entries by, inside the prefix of the environment.
const KNOWN: [declaration: CacheDeclaration<never[]>, args: unknown[], key: string, ttl: string][] = [
  [userById, ['u1'], 'user:u1', '1h'],
  [userProfile, ['u1'], 'user:profile:u1', '1h'],
  [userIdByUsername, ['ada'], 'user:username:ada', '1h'],
  [usernameExists, ['ada'], 'username:exists:ada', '30m'],
  [usageCounters, ['u1', 'c1'], 'user:usage:u1:c1', '5m'],
  [characterById, ['c1'], 'character:c1', '6h'],
  [publicCharacters, [{ sort: 'popular' }], 'characters:list', '6h'],
  [characterPrompt, ['c1'], 'character:prompt:c1', '2h'],
  [characterGallery, ['C1'], 'character:gallery:c1', '2h'],
  [characterStats, ['c1'], 'character:stats:c1', '10m'],
  [personalityReadings, [{ characterId: 'c1', responseHash: 'h1' }], 'personality:c1:h1', '1h'],
  [conversationsWithCharacter, ['u1', 'c1'], 'conversation:u1:c1', '30m'],
  [conversationById, ['k1'], 'conversation:meta:k1', '30m'],
  [conversationsOfUser, ['u1'], 'user:conversations:u1', '30m'],
  [platformStatus, ['u1'], 'platform_status:u1', '5m'],
  [platformProfiles, ['u1'], 'user_profile:u1', '10m'],
  [soulSignature, ['u1'], 'soul_signature:u1', '15m'],
  [extractionJob, ['j1'], 'extraction_job:j1', '1m'],
  [conversationContext, ['k1'], 'conversation:context:k1', '2m'],
  [platformRateLimits, ['u1'], 'platform_rate_limits:u1', '1h'],
];

it.each(KNOWN)('%#: keeps the key and the lifetime that are known', (declaration, args, key, ttl) => {
  const parts = declaration.options.key?.(...(args as never[])) ?? args;
  expect(encodeKey(declaration.name, parts)).toBe(key);
  expect(declaration.options.ttl).toBe(ttl);
});
