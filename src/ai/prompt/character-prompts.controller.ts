import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { BurstLimited } from '../../platform/rate-limit/burst-limited.decorator.js';
import {
  CompiledPrompt,
  PromptModelQuery,
  PromptPreview,
  PromptPreviewInput,
  toPreview,
} from './character-prompts.dto.js';
import { CharacterPrompts } from './character-prompts.service.js';

@Controller()
export class CharacterPromptsController {
  constructor(private readonly prompts: CharacterPrompts) {}

  /**
   * Shows the prompt for a conversation, and why each piece is in or out
   * @remarks For the creator. Nothing is stored, no model is asked, and no quota is used.
   */
  @Post('characters/:id/prompt/preview')
  @HttpCode(200)
  @BurstLimited()
  async preview(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() input: PromptPreviewInput,
  ): Promise<PromptPreview> {
    return toPreview(await this.prompts.preview(actor, id, input));
  }

  /** The prompt before anybody has spoken, for the creator */
  @Get('ai/characters/:id/compiled-prompt')
  compiled(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Query() { model }: PromptModelQuery,
  ): Promise<CompiledPrompt> {
    return this.prompts.compiled(actor, id, model);
  }
}
