import { Body, Controller, Get, HttpCode, Param, Post, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiBody, ApiDefaultResponse, ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CompletionsService } from '../ai/completions/completions.service.js';
import type { Actor } from '../platform/actor/actor.js';
import { CurrentActor } from '../platform/actor/actor.decorators.js';
import { AcceptsKeys } from '../platform/actor/key-scopes.js';
import { Clock } from '../platform/clock/clock.js';
import { clientGone } from '../platform/http/client-gone.js';
import { Produces } from '../platform/http/produces.interceptor.js';
import { SseConnections } from '../platform/http/sse-connections.js';
import { addRateHeaders } from '../platform/rate-limit/rate-headers.js';
import { BurstLimited } from '../platform/rate-limit/burst-limited.decorator.js';
import { QuotaHeadersInterceptor } from '../usage/quota-headers.interceptor.js';
import { dailyPolicies } from '../usage/usage.headers.js';
import { chatChunks, chatCompletion, DATA_ONLY } from './chat-chunks.js';
import { readChatRequest } from './chat-request.js';
import { OpenAiChat } from './openai-chat.service.js';
import {
  ChatCompletion,
  ChatCompletionInput,
  OpenAiErrorAnswer,
  OpenAiModel,
  OpenAiModelList,
} from './openai.dto.js';
import { OpenAiModels } from './openai-models.service.js';

const JSON_TYPE = 'application/json';
const SSE_TYPE = 'text/event-stream';

/** What clients of OpenAI's API need to talk to characters. Errors have OpenAI's form, too. */
@ApiResponse({ status: 400, type: OpenAiErrorAnswer })
@ApiResponse({ status: 401, type: OpenAiErrorAnswer })
@ApiResponse({ status: 404, type: OpenAiErrorAnswer })
@ApiResponse({ status: 413, type: OpenAiErrorAnswer })
@ApiResponse({ status: 415, type: OpenAiErrorAnswer })
@ApiDefaultResponse({ type: OpenAiErrorAnswer })
@Controller('openai/v1')
export class OpenAiController {
  constructor(
    private readonly chat: OpenAiChat,
    private readonly completions: CompletionsService,
    private readonly models: OpenAiModels,
    private readonly streams: SseConnections,
    private readonly clock: Clock,
  ) {}

  /**
   * Has a character answer, in the form of OpenAI's chat completions
   * @remarks Counts as a text message to the character; nothing is stored. With `stream: true` the answer is a stream of
   * `chat.completion.chunk` that ends with `[DONE]`.
   */
  @Post('chat/completions')
  @HttpCode(200)
  @AcceptsKeys('chat')
  @BurstLimited()
  @UseInterceptors(QuotaHeadersInterceptor)
  @Produces(JSON_TYPE, SSE_TYPE)
  @ApiProduces(JSON_TYPE, SSE_TYPE)
  @ApiBody({ type: ChatCompletionInput })
  @ApiResponse({ status: 200, type: ChatCompletion })
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChatCompletion | undefined> {
    const asked = readChatRequest(body);
    if (asked.stream) this.streams.assertRoom(request);
    const begun = await this.chat.begin(actor, asked, clientGone(reply));
    if (begun.counters) addRateHeaders(reply, dailyPolicies(begun.counters, this.clock.now()));
    try {
      if (!asked.stream) return chatCompletion(begun, asked.model, await this.completions.read(begun.chunks));
      await this.streams.stream(reply, request, chatChunks(begun, asked), { format: DATA_ONLY });
      return undefined;
    } catch (error) {
      // It is charged: a client that repeats failures by itself would pay again.
      if (begun.counters) reply.header('x-should-retry', 'false');
      throw error;
    } finally {
      // A reply that nobody began to read would have no end. Not awaited: it may be waiting for its next words.
      begun.chunks.return().catch(() => undefined);
    }
  }

  /** Lists characters as models: one's own and the most popular */
  @Get('models')
  @AcceptsKeys('chat', 'read')
  async list(@CurrentActor() actor: Actor): Promise<OpenAiModelList> {
    return { object: 'list', data: await this.models.list(actor) };
  }

  /** Reads one model */
  @Get('models/:model')
  @AcceptsKeys('chat', 'read')
  get(@CurrentActor() actor: Actor, @Param('model') model: string): Promise<OpenAiModel> {
    return this.models.get(actor, model);
  }
}
