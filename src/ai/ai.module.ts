import { Module } from '@nestjs/common';
import { AiService } from './ai.service.js';
import { OfflineResponder } from './offline/offline.responder.js';
import { PromptBuilder } from './prompt/prompt-builder.service.js';
import { OpenAiCompatibleProvider } from './providers/openai-compatible.provider.js';
import { TokenCounter } from './tokens/token-counter.service.js';

@Module({
  providers: [AiService, PromptBuilder, TokenCounter, OfflineResponder, OpenAiCompatibleProvider],
  exports: [AiService, PromptBuilder, TokenCounter],
})
export class AiModule {}
