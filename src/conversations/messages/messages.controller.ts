import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { Clock } from '../../platform/clock/clock.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { negotiate } from '../../platform/http/media-types.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { SseConnections } from '../../platform/http/sse-connections.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { PageQuery } from '../../platform/pagination/page.dto.js';
import { BurstLimited } from '../../platform/rate-limit/burst-limited.decorator.js';
import { addRateHeaders } from '../../platform/rate-limit/rate-headers.js';
import { dailyPolicies } from '../../usage/usage.headers.js';
import { QuotaHeadersInterceptor } from '../../usage/quota-headers.interceptor.js';
import { toGenerationHandle } from '../generations/generations.dto.js';
import { ReplyEvents } from '../generations/reply-events.service.js';
import {
  ChooseVariant,
  EditMessage,
  Message,
  MessageWindow,
  MessageWindowQuery,
  PostedMessage,
  PostMessage,
  RegeneratedReply,
  RegenerateReply,
  RevisionPage,
  toMessage,
  Variants,
} from './messages.dto.js';
import { MessagesService } from './messages.service.js';

const JSON_TYPE = 'application/json';
const SSE_TYPE = 'text/event-stream';

@Controller('conversations/:conversationId/messages')
@UseInterceptors(QuotaHeadersInterceptor)
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly replies: ReplyEvents,
    private readonly streams: SseConnections,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads a window of a conversation, oldest message first
   * @remarks The messages are those of the path that is shown, or of the one that ends with `leaf`.
   */
  @Get()
  window(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Query() query: MessageWindowQuery,
  ): Promise<MessageWindow> {
    return this.messages.window(actor, conversationId, query);
  }

  /**
   * Sends a message and has the character answer
   * @remarks `reply.mode` stream (default): 202 with a generation to follow; with `Accept: text/event-stream` the answer
   * is the stream of reply events itself. sync: 200 with the whole reply. none: 201, stored only. The same
   * `clientMessageId` again answers the same and charges nothing.
   */
  @Post()
  @BurstLimited()
  @Idempotent()
  @Produces(JSON_TYPE, SSE_TYPE)
  @ApiProduces(JSON_TYPE, SSE_TYPE)
  @ApiResponse({ status: 200, type: PostedMessage, description: 'mode sync: the reply' })
  @ApiResponse({ status: 201, type: PostedMessage, description: 'mode none: stored' })
  @ApiResponse({ status: 202, type: PostedMessage, description: 'mode stream: the reply is on its way' })
  async post(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Body() draft: PostMessage,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostedMessage | undefined> {
    const { message: row, generation, usage } = await this.messages.post(actor, conversationId, draft);
    const message = toMessage(row);
    addRateHeaders(reply, dailyPolicies(usage, this.clock.now()));
    if (!generation) {
      reply.code(HttpStatus.CREATED);
      return { message };
    }
    if (negotiate(request.headers.accept, [JSON_TYPE, SSE_TYPE]) === SSE_TYPE) {
      await this.streams.stream(reply, request, (signal) => this.replies.fromStart(generation.id, signal));
      return undefined;
    }
    if (draft.reply?.mode === 'sync') {
      const ended = await this.replies.untilEnded(actor, generation.id);
      reply.code(HttpStatus.OK);
      return { message, ...ended };
    }
    reply.code(HttpStatus.ACCEPTED).header('location', `/api/generations/${generation.id}`);
    return { message, generation: toGenerationHandle(generation) };
  }

  /** Edits one's own message */
  @Patch(':messageId')
  async edit(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Param('messageId', IdParam) messageId: string,
    @Body() { text }: EditMessage,
  ): Promise<Message> {
    return toMessage(await this.messages.edit(actor, conversationId, messageId, text));
  }

  /** Takes one's own message back; it leaves the character's context at once */
  @Delete(':messageId')
  @HttpCode(HttpStatus.NO_CONTENT)
  async remove(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Param('messageId', IdParam) messageId: string,
  ): Promise<void> {
    await this.messages.remove(actor, conversationId, messageId);
  }

  /** Lists what one's message said before its edits, newest first */
  @Get(':messageId/revisions')
  revisions(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Param('messageId', IdParam) messageId: string,
    @Query() query: PageQuery,
  ): Promise<RevisionPage> {
    return this.messages.revisions(actor, conversationId, messageId, query);
  }

  /** Lists the messages that follow the same one: variants of a reply, or where branches begin */
  @Get(':messageId/variants')
  variants(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Param('messageId', IdParam) messageId: string,
  ): Promise<Variants> {
    return this.messages.variants(actor, conversationId, messageId);
  }

  /**
   * Has a reply generated again, as another variant
   * @remarks Where the conversation has gone on since, the new variant begins a branch and is shown; the other branch is
   * there as before and can be chosen again.
   */
  @Post(':messageId/regenerations')
  @BurstLimited()
  @Idempotent()
  @HttpCode(HttpStatus.ACCEPTED)
  async regenerate(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Param('messageId', IdParam) messageId: string,
    @Body() { reply: options }: RegenerateReply,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegeneratedReply> {
    const { generation } = await this.messages.regenerate(actor, conversationId, messageId, { options });
    reply.header('location', `/api/generations/${generation.id}`);
    return { generation: toGenerationHandle(generation) };
  }

  /**
   * Chooses which variant is shown and goes into the context, with what was said after it
   * @remarks `variantId` follows the same message as this one, or follows this one.
   */
  @Put(':messageId/active-variant')
  async chooseVariant(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Param('messageId', IdParam) messageId: string,
    @Body() { variantId }: ChooseVariant,
  ): Promise<Message> {
    return toMessage(await this.messages.chooseVariant(actor, conversationId, messageId, variantId));
  }
}
