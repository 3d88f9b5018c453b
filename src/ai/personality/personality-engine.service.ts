import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { CharactersService } from '../../characters/characters.service.js';
import type { Character } from '../../characters/characters.types.js';
import type { Actor } from '../../platform/actor/actor.js';
import { ModelJudge } from '../analysis/model.judge.js';
import { ModelPersonality } from './model.personality.js';
import { knownName, readPersonality, wordsOf } from './offline.personality.js';
import { personalityReadings } from './personality.cache.js';
import type { DeclaredPersonality, PersonalityReading } from './personality.types.js';

/** Raise it whenever a list or a rule changes. */
const OFFLINE_VERSION = 'offline-1';

export interface EngineReading extends PersonalityReading {
  cached: boolean;
  engineVersion: string;
}

/** How much of a character's personality its words show. Kept by content: the same words are read once. */
@Injectable()
export class PersonalityEngine {
  private readonly version: string;

  constructor(
    private readonly cache: CacheService,
    private readonly characters: CharactersService,
    private readonly model: ModelPersonality,
    private readonly judge: ModelJudge,
  ) {
    this.version = judge.model === undefined ? OFFLINE_VERSION : `model-1:${judge.model}`;
  }

  /** @throws not-found; upstream-failed, upstream-timeout when a model reads and cannot */
  async read(actor: Actor, id: string, text: string): Promise<EngineReading> {
    const character = await this.characters.getVisible(actor, id);
    const declared = declaredBy(character);
    const key = { characterId: character.id, responseHash: hashOf([this.version, declared, text]) };
    let cached = true;
    const reading = await this.cache.for(personalityReadings).getOrLoad([key], async () => {
      cached = false;
      return this.judge.model === undefined
        ? readPersonality(text, declared)
        : this.model.read(text, declared);
    });
    return { ...reading, cached, engineVersion: this.version };
  }
}

/** What the creator declared; else the words of the card's free text that name traits. */
function declaredBy({ personalityProfile: { traits, tone }, personality }: Character): DeclaredPersonality {
  if (traits.length > 0 || tone !== '') return { traits, tone };
  const named = new Set(wordsOf(personality).flatMap((word) => knownName(word) ?? []));
  return { traits: [...named].map((name) => ({ name, weight: 1 })), tone: '' };
}

const hashOf = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url');
