import { Controller, Get, Param, Query } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { CurrentActor } from '../platform/actor/actor.decorators.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { ContextQuery, ConversationContext } from './conversation-context.dto.js';
import { ConversationContexts } from './conversation-context.service.js';

@Controller('conversations')
export class ConversationContextController {
  constructor(private readonly contexts: ConversationContexts) {}

  /** Tells what of a conversation a model is given, and what had to be left out */
  @Get(':id/context')
  get(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Query() query: ContextQuery,
  ): Promise<ConversationContext> {
    return this.contexts.get(actor, id, query);
  }
}
