import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../platform/actor/actor.js';
import { CurrentActor } from '../platform/actor/actor.decorators.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { IfMatch, type Precondition } from '../platform/http/if-match.js';
import { Versioned } from '../platform/http/versioned.interceptor.js';
import { Idempotent } from '../platform/idempotency/idempotent.decorator.js';
import {
  CharacterInput,
  CharacterPage,
  CharacterPatch,
  CharacterQuery,
  CharacterResponse,
  pickFields,
  toResponse,
  toSummary,
} from './characters.dto.js';
import { CharactersService } from './characters.service.js';

@Controller('characters')
export class CharactersController {
  constructor(private readonly characters: CharactersService) {}

  /** Lists public characters, or one's own */
  @Get()
  async list(@CurrentActor() actor: Actor, @Query() query: CharacterQuery): Promise<CharacterPage> {
    const { items, ...cursors } = await this.characters.list(actor, query);
    return { items: items.map((item) => pickFields(toSummary(item), query.fields)), ...cursors };
  }

  /** Creates a character */
  @Post()
  @Idempotent()
  @Versioned()
  async create(
    @CurrentActor() actor: Actor,
    @Body() input: CharacterInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CharacterResponse> {
    const character = await this.characters.create(actor, input);
    reply.header('location', `/api/characters/${character.id}`);
    return toResponse(actor, character);
  }

  /** Reads a character */
  @Get(':id')
  @Versioned()
  async get(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<CharacterResponse> {
    return toResponse(actor, await this.characters.getVisible(actor, id));
  }

  /** Puts new content in the place of the old; absent fields become empty */
  @Put(':id')
  @Versioned()
  async replace(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() input: CharacterInput,
    @IfMatch() ifMatch: Precondition | undefined,
  ): Promise<CharacterResponse> {
    return toResponse(actor, await this.characters.replace(actor, id, input, ifMatch));
  }

  /** Changes some fields */
  @Patch(':id')
  @Versioned()
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() patch: CharacterPatch,
    @IfMatch() ifMatch: Precondition | undefined,
  ): Promise<CharacterResponse> {
    return toResponse(actor, await this.characters.change(actor, id, patch, ifMatch));
  }

  /** Deletes a character; its conversations stay readable */
  @Delete(':id')
  @HttpCode(204)
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @IfMatch() ifMatch: Precondition | undefined,
  ): Promise<void> {
    await this.characters.remove(actor, id, ifMatch);
  }
}
