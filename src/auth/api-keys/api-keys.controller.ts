import { Body, Controller, Delete, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { AcceptsKeys } from '../../platform/actor/key-scopes.js';
import { NoStore } from '../../platform/http/answer-headers.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { ApiKeyInput, toApiKey, type ApiKeyList, type CreatedApiKey } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

/** With an access token only: a key makes no keys and deletes none. */
@AcceptsKeys()
@Controller('auth/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  /**
   * Makes a personal API key.
   * @remarks The secret is shown once and kept as a hash. A request that is repeated with the same `Idempotency-Key` is
   * answered without it.
   * @throws {403} the scope "internal" is for administrators
   * @throws {409} too-many-api-keys
   */
  @Post()
  @Idempotent({ forget: ['secret'] })
  @NoStore()
  async create(
    @CurrentActor() actor: Actor,
    @Body() input: ApiKeyInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedApiKey> {
    const { key, secret } = await this.keys.create(actor, input);
    reply.header('location', `/api/auth/api-keys/${key.id}`);
    return { ...toApiKey(key), secret };
  }

  /** Lists one's API keys, newest first; never their secrets. */
  @Get()
  @NoStore()
  async list(@CurrentActor() actor: Actor): Promise<ApiKeyList> {
    return { items: (await this.keys.list(actor)).map(toApiKey) };
  }

  /** Takes an API key back, at once and everywhere. */
  @Delete(':id')
  @HttpCode(204)
  remove(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<void> {
    return this.keys.remove(actor, id);
  }
}
