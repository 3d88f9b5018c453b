import { Body, Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../platform/actor/actor.js';
import { AdminOnly, CurrentActor } from '../platform/actor/actor.decorators.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { NoStore } from '../platform/http/answer-headers.js';
import { clientGone } from '../platform/http/client-gone.js';
import { Produces } from '../platform/http/produces.interceptor.js';
import { SseConnections } from '../platform/http/sse-connections.js';
import { AiCaches } from './ai-caches.service.js';
import {
  AiModelList,
  AnalysisInput,
  AnalysisResponse,
  CompletionInput,
  CompletionResponse,
  OfCharacterQuery,
  PersonalityReadingInput,
  PersonalityReadingResult,
} from './ai.dto.js';
import { AiService } from './ai.service.js';
import { MessageAnalysis } from './analysis/message-analysis.service.js';
import { CompletionsService } from './completions/completions.service.js';
import { replyEvents } from './completions/reply-events.js';
import { requestOf } from './completions/request-of.js';
import { PersonalityEngine } from './personality/personality-engine.service.js';

const JSON_TYPE = 'application/json';
const SSE_TYPE = 'text/event-stream';

/** Models for other services: what is asked here counts on nobody's quota, so all but the list is for administrators. */
@Controller('ai')
export class AiController {
  constructor(
    private readonly ai: AiService,
    private readonly analysis: MessageAnalysis,
    private readonly personality: PersonalityEngine,
    private readonly completions: CompletionsService,
    private readonly caches: AiCaches,
    private readonly streams: SseConnections,
  ) {}

  /** Lists the models that a message may ask to be answered by */
  @Get('models')
  models(): AiModelList {
    return { mode: this.ai.mode, items: this.ai.models };
  }

  /**
   * Analyses a text or a message: sentiment, intent, topics, safety
   * @remarks Kept by content for a day; `cached` and `Cache-Status` tell. The offline reading knows English only, and its
   * confidence says how little a word list can know.
   */
  @Post('analyses')
  @HttpCode(200)
  @AdminOnly()
  @NoStore()
  analyse(@Body() { text, messageId, kinds }: AnalysisInput): Promise<AnalysisResponse> {
    if (text !== undefined && messageId === undefined) return this.analysis.analyse(text, kinds);
    if (messageId !== undefined && text === undefined) return this.analysis.analyseMessage(messageId, kinds);
    throw platformErrors['validation-failed']('Give either text or messageId.', {
      errors: [{ pointer: '#/text', code: 'one-of', detail: 'give either text or messageId' }],
    });
  }

  /**
   * Reads what of a character's personality a reply shows
   * @remarks Kept by content for an hour, and dropped when the character changes.
   */
  @Post('personalities')
  @HttpCode(200)
  @AdminOnly()
  @NoStore()
  readPersonality(
    @CurrentActor() actor: Actor,
    @Body() { characterId, text }: PersonalityReadingInput,
  ): Promise<PersonalityReadingResult> {
    return this.personality.read(actor, characterId, text);
  }

  /**
   * Has a character, or the bare model, answer a conversation that the caller keeps
   * @remarks Nothing is stored, cached or counted. With `reply.mode: "stream"` the answer is a stream of `reply.delta` and
   * one `reply.completed`.
   */
  @Post('completions')
  @HttpCode(200)
  @AdminOnly()
  @NoStore()
  @Produces(JSON_TYPE, SSE_TYPE)
  @ApiProduces(JSON_TYPE, SSE_TYPE)
  @ApiResponse({ status: 200, type: CompletionResponse })
  async complete(
    @CurrentActor() actor: Actor,
    @Body() input: CompletionInput,
    @Req() http: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CompletionResponse | undefined> {
    const request = { ...requestOf(input), signal: clientGone(reply) };
    const opened = await this.completions.open(await this.completions.prompt(actor, request), request);
    if (input.reply?.mode !== 'stream') return this.completions.read(opened.chunks);
    await this.streams.stream(reply, http, replyEvents(opened));
    return undefined;
  }

  /** Drops cached prompts, of one character or all */
  @Delete('caches/prompts')
  @HttpCode(204)
  @AdminOnly()
  dropPrompts(@Query() { characterId }: OfCharacterQuery): Promise<void> {
    return characterId === undefined ? this.caches.forgetPrompts() : this.caches.forgetPromptOf(characterId);
  }

  /** Drops cached personality readings, of one character or all */
  @Delete('caches/personalities')
  @HttpCode(204)
  @AdminOnly()
  dropPersonalities(@Query() { characterId }: OfCharacterQuery): Promise<void> {
    return characterId === undefined
      ? this.caches.forgetPersonalities()
      : this.caches.forgetPersonalitiesOf(characterId);
  }

  /** Drops all cached analyses; they belong to texts and to no character */
  @Delete('caches/analyses')
  @HttpCode(204)
  @AdminOnly()
  dropAnalyses(): Promise<void> {
    return this.caches.forgetAnalyses();
  }
}
