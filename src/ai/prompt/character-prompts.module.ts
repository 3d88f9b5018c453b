import { Module } from '@nestjs/common';
import { CharactersModule } from '../../characters/characters.module.js';
import { UsersModule } from '../../users/users.module.js';
import { AiModule } from '../ai.module.js';
import { CharacterPromptsController } from './character-prompts.controller.js';
import { CharacterPrompts } from './character-prompts.service.js';
import { CharacterTokenCounts } from './character-token-counts.js';

@Module({
  imports: [AiModule, CharactersModule, UsersModule],
  controllers: [CharacterPromptsController],
  providers: [CharacterPrompts, CharacterTokenCounts],
  exports: [CharacterPrompts],
})
export class CharacterPromptsModule {}
