import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../platform/actor/actor.js';
import { CurrentActor } from '../platform/actor/actor.decorators.js';
import { versionTag } from '../platform/http/etag.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { IfMatch, type Precondition } from '../platform/http/if-match.js';
import { Versioned } from '../platform/http/versioned.interceptor.js';
import { Idempotent } from '../platform/idempotency/idempotent.decorator.js';
import { ConversationStarts } from './conversation-starts.service.js';
import {
  ChangeConversation,
  Conversation,
  ConversationPage,
  ConversationsQuery,
  MarkRead,
  ReadMarker,
  StartConversation,
  StartedConversation,
  toConversation,
} from './conversations.dto.js';
import { ConversationsService } from './conversations.service.js';
import { MetadataPipe } from './metadata.pipe.js';
import { toMessage } from './messages/messages.dto.js';

const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;

@Controller('conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly starts: ConversationStarts,
  ) {}

  /** Lists one's conversations, the most recently active first */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: ConversationsQuery): Promise<ConversationPage> {
    return this.conversations.list(actor, query);
  }

  /** Starts a conversation with a character, who greets first */
  @Post()
  @Idempotent()
  @Versioned()
  async start(
    @CurrentActor() actor: Actor,
    @Body() input: StartConversation,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StartedConversation> {
    const { conversation, greeting } = await this.starts.start(actor, input);
    reply.header('location', `/api/conversations/${conversation.id}`);
    return { ...toConversation(conversation), greeting: greeting && toMessage(greeting) };
  }

  /** Reads a conversation */
  @Get(':id')
  @Versioned()
  async get(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<Conversation> {
    return toConversation(await this.conversations.get(actor, id));
  }

  /** Renames or archives a conversation */
  @Patch(':id')
  @Versioned()
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() change: ChangeConversation,
    @IfMatch() ifMatch: Precondition | undefined,
  ): Promise<Conversation> {
    return toConversation(await this.conversations.change(actor, id, change, ifMatch));
  }

  /** Deletes a conversation */
  @Delete(':id')
  @HttpCode(204)
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @IfMatch() ifMatch: Precondition | undefined,
  ): Promise<void> {
    await this.conversations.remove(actor, id, ifMatch);
  }

  /** Reads what the client keeps with a conversation */
  @Get(':id/metadata')
  @ApiResponse({ status: 200, schema: ANY_OBJECT })
  async metadata(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Record<string, unknown>> {
    const { metadata, metadataVersion } = await this.conversations.get(actor, id);
    reply.header('etag', versionTag(metadataVersion));
    return metadata;
  }

  /** Replaces it: any JSON object of at most 16 KiB */
  @Put(':id/metadata')
  @ApiBody({ schema: ANY_OBJECT })
  @ApiResponse({ status: 200, schema: ANY_OBJECT })
  async replaceMetadata(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body(MetadataPipe) metadata: Record<string, unknown>,
    @IfMatch() ifMatch: Precondition | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Record<string, unknown>> {
    const changed = await this.conversations.replaceMetadata(actor, id, metadata, ifMatch);
    reply.header('etag', versionTag(changed.metadataVersion));
    return changed.metadata;
  }

  /** Marks everything up to a message as read */
  @Put(':id/read')
  async markRead(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Body() marker: MarkRead,
  ): Promise<ReadMarker> {
    return { seq: await this.conversations.markRead(actor, id, marker) };
  }
}
