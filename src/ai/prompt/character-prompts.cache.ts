import { defineCache } from '@rapport/cache';
import { characterTag } from '../../characters/characters.cache.js';
import type { CompiledPrompt } from './character-prompts.dto.js';

/** What a compiled prompt is made from. */
export interface CompiledFrom {
  characterId: string;
  version: number;
  lorebookVersion: number;
  /** Empty offline. */
  model: string;
}

/**
 * The versions are part of the key: it is made from other cached values and could outlive them otherwise. What is made
 * from an older version is never asked for again.
 */
export const compiledPrompts = defineCache<[from: CompiledFrom], CompiledPrompt>({
  name: 'character:prompt:compiled',
  key: ({ characterId, version, lorebookVersion, model }) => [characterId, version, lorebookVersion, model],
  ttl: '2h',
  l1: { ttl: '1m' },
  tags: ({ characterId }) => [characterTag(characterId)],
});
