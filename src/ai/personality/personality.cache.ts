import { defineCache } from '@rapport/cache';
import { characterTag } from '../../characters/characters.cache.js';
import type { PersonalityReading } from './personality.types.js';

/** All that a reading depends on is in the hash: the text, what the character declares, and the way of reading. */
export interface PersonalityKey {
  characterId: string;
  responseHash: string;
}

/** Dropped with every change of the character, which would make the old entries unreachable anyway. */
export const personalityReadings = defineCache<[key: PersonalityKey], PersonalityReading>({
  name: 'personality',
  key: ({ characterId, responseHash }) => [characterId, responseHash],
  ttl: '1h',
  l1: { ttl: '1m' },
  tags: ({ characterId }) => [characterTag(characterId)],
});
