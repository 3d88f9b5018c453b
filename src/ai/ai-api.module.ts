import { Module } from '@nestjs/common';
import { CharactersModule } from '../characters/characters.module.js';
import { UsersModule } from '../users/users.module.js';
import { AiCaches } from './ai-caches.service.js';
import { AiController } from './ai.controller.js';
import { AiModule } from './ai.module.js';
import { MessageAnalysis } from './analysis/message-analysis.service.js';
import { MessageTexts } from './analysis/message-texts.service.js';
import { ModelAnalyst } from './analysis/model.analyst.js';
import { ModelJudge } from './analysis/model.judge.js';
import { OfflineAnalyst } from './analysis/offline.analyst.js';
import { CompletionsService } from './completions/completions.service.js';
import { ModelPersonality } from './personality/model.personality.js';
import { CharacterPromptsModule } from './prompt/character-prompts.module.js';
import { PersonalityEngine } from './personality/personality-engine.service.js';

/** What is made of models beside replies in conversations, and its routes; {@link AiModule} is the door to models alone. */
@Module({
  imports: [AiModule, CharacterPromptsModule, CharactersModule, UsersModule],
  controllers: [AiController],
  providers: [
    AiCaches,
    CompletionsService,
    MessageAnalysis,
    MessageTexts,
    ModelAnalyst,
    ModelJudge,
    ModelPersonality,
    OfflineAnalyst,
    PersonalityEngine,
  ],
  exports: [CompletionsService, MessageAnalysis, MessageTexts],
})
export class AiApiModule {}
