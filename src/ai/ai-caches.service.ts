import { Injectable } from '@nestjs/common';
import { CacheEvict, InvalidateTags } from '@rapport/cache';
import { characterLorebook, characterPrompt, characterTag } from '../characters/characters.cache.js';
import { messageAnalyses } from './analysis/analysis.cache.js';
import { personalityReadings } from './personality/personality.cache.js';
import { compiledPrompts } from './prompt/character-prompts.cache.js';

/** Drops by hand what is kept of models and for them, after something was changed behind the service's back. */
@Injectable()
export class AiCaches {
  @CacheEvict(characterPrompt, { all: true })
  @CacheEvict(characterLorebook, { all: true })
  @CacheEvict(compiledPrompts, { all: true })
  forgetPrompts(): Promise<void> {
    return Promise.resolve();
  }

  @CacheEvict(characterPrompt, (characterId: string): [string] => [characterId])
  @CacheEvict(characterLorebook, (characterId: string): [string] => [characterId])
  @InvalidateTags((characterId: string) => [characterTag(characterId)])
  forgetPromptOf(_characterId: string): Promise<void> {
    return Promise.resolve();
  }

  @CacheEvict(personalityReadings, { all: true })
  forgetPersonalities(): Promise<void> {
    return Promise.resolve();
  }

  @InvalidateTags((characterId: string) => [characterTag(characterId)])
  forgetPersonalitiesOf(_characterId: string): Promise<void> {
    return Promise.resolve();
  }

  @CacheEvict(messageAnalyses, { all: true })
  forgetAnalyses(): Promise<void> {
    return Promise.resolve();
  }
}
