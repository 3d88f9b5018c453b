import { Module } from '@nestjs/common';
import { AiApiModule } from '../ai/ai-api.module.js';
import { AiModule } from '../ai/ai.module.js';
import { CharactersModule } from '../characters/characters.module.js';
import { ClockModule } from '../platform/clock/clock.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { OpenAiChat } from './openai-chat.service.js';
import { OpenAiController } from './openai.controller.js';
import { OpenAiModels } from './openai-models.service.js';

@Module({
  imports: [AiModule, AiApiModule, CharactersModule, ClockModule, UsageModule],
  controllers: [OpenAiController],
  providers: [OpenAiChat, OpenAiModels],
})
export class OpenAiModule {}
