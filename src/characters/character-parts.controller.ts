import { Body, Controller, Get, Param, Put, Res } from '@nestjs/common';
import { ApiBody, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../platform/actor/actor.js';
import { CurrentActor } from '../platform/actor/actor.decorators.js';
import { versionTag } from '../platform/http/etag.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { IfMatch, IfMatchRequired, type Precondition } from '../platform/http/if-match.js';
import { Versioned } from '../platform/http/versioned.interceptor.js';
import type { Lorebook } from './cards/card.types.js';
import {
  CharacterPersonality,
  CharacterPromptInput,
  CharacterPromptResponse,
  PersonalityInput,
  toPersonality,
} from './character-parts.dto.js';
import { CharactersService } from './characters.service.js';
import { LorebookPipe } from './lorebook.pipe.js';

const LOREBOOK = {
  type: 'object',
  additionalProperties: true,
  description: 'A lorebook as Character Card V3 has it; older ones are read, too.',
} as const;

/** The parts of a character that have a version of their own. */
@Controller('characters/:id')
export class CharacterPartsController {
  constructor(private readonly characters: CharactersService) {}

  /** The parts of the prompt that stay the same, for the creator */
  @Get('prompt')
  @Versioned()
  getPrompt(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
  ): Promise<CharacterPromptResponse> {
    return this.characters.getPrompt(actor, id);
  }

  /** Puts a new prompt in the place of the old */
  @Put('prompt')
  @Versioned()
  replacePrompt(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() input: CharacterPromptInput,
    @IfMatchRequired() ifMatch: Precondition,
  ): Promise<CharacterPromptResponse> {
    return this.characters.replacePrompt(actor, id, input, ifMatch);
  }

  /** How the character is, for whoever may see it */
  @Get('personality')
  @Versioned()
  async getPersonality(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
  ): Promise<CharacterPersonality> {
    return toPersonality(await this.characters.getVisible(actor, id));
  }

  /** Puts a new personality in the place of the old */
  @Put('personality')
  @Versioned()
  async replacePersonality(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() { traits, tone, style }: PersonalityInput,
    @IfMatchRequired() ifMatch: Precondition,
  ): Promise<CharacterPersonality> {
    const profile = { traits: traits ?? [], tone: tone ?? '', style: style ?? '' };
    return toPersonality(await this.characters.replacePersonality(actor, id, profile, ifMatch));
  }

  /** The lorebook, for the creator; without entries where there is none */
  @Get('lorebook')
  @ApiResponse({ status: 200, schema: LOREBOOK })
  async getLorebook(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Lorebook> {
    const { lorebook, version } = await this.characters.getLorebook(actor, id);
    reply.header('etag', versionTag(version));
    return lorebook;
  }

  /** Puts a new lorebook in the place of the old */
  @Put('lorebook')
  @ApiBody({ schema: LOREBOOK })
  @ApiResponse({ status: 200, schema: LOREBOOK })
  async replaceLorebook(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body(LorebookPipe) input: Lorebook,
    @IfMatch() ifMatch: Precondition | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Lorebook> {
    const { lorebook, version } = await this.characters.replaceLorebook(actor, id, input, ifMatch);
    reply.header('etag', versionTag(version));
    return lorebook;
  }
}
