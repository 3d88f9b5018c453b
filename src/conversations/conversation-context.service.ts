import { Injectable } from '@nestjs/common';
import { CharactersService } from '../characters/characters.service.js';
import { isAdmin, type Actor } from '../platform/actor/actor.js';
import { toContext, type ContextQuery, type ConversationContext } from './conversation-context.dto.js';
import { ConversationsService } from './conversations.service.js';
import { PromptsService } from './generations/prompts.service.js';

/** What of a conversation a model is given, in numbers; the texts of the card are its creator's and not told here. */
@Injectable()
export class ConversationContexts {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly prompts: PromptsService,
    private readonly characters: CharactersService,
  ) {}

  /** @throws not-found; model-not-available; context-overflow */
  async get(
    actor: Actor,
    id: string,
    { model, explain = false }: ContextQuery,
  ): Promise<ConversationContext> {
    const conversation = await this.conversations.get(actor, id);
    const prompt = await this.prompts.ofConversation(conversation, model);
    const character = await this.characters.find(conversation.characterId);
    return toContext(prompt, { explain, showsKeys: isAdmin(actor) || character?.creatorId === actor.id });
  }
}
