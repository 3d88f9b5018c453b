import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import { AiService } from '../../ai/ai.service.js';
import type { Prompt, PromptHistoryMessage } from '../../ai/ai.types.js';
import { PromptBuilder } from '../../ai/prompt/prompt-builder.service.js';
import { CharactersService } from '../../characters/characters.service.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { UsersService } from '../../users/users.service.js';
import type { ConversationRef } from '../conversation.js';
import { conversationContext, type Context } from '../conversations.cache.js';
import { MessagesRepository, type MessageRecord } from '../messages/messages.repository.js';
import type { GenerationEntity, GenerationParameters } from './generation.entity.js';

/** Makes prompts from what is stored: the character, its user's name, and the conversation so far. */
@Injectable()
export class PromptsService {
  constructor(
    private readonly characters: CharactersService,
    private readonly users: UsersService,
    private readonly messages: MessagesRepository,
    private readonly builder: PromptBuilder,
    private readonly ai: AiService,
  ) {}

  /** @throws model-not-available; context-overflow when not even this message alone would fit; not-found when the character is gone */
  async assertFits(
    conversation: ConversationRef,
    text: string,
    parameters: GenerationParameters,
  ): Promise<void> {
    this.ai.modelFor(parameters.model);
    await this.build(conversation, [{ role: 'user', text, seq: 1 }], parameters);
  }

  async forGeneration(generation: GenerationEntity): Promise<{ prompt: Prompt; version: number }> {
    const { conversationId, parentMessageId, userId, characterId, parameters } = generation;
    const answered = await this.messages.find(conversationId, parentMessageId);
    if (!answered) throw platformErrors['not-found']('The message to answer was deleted.');
    const conversation = { id: conversationId, userId, characterId };
    return this.build(conversation, await this.historyUpTo(answered), parameters);
  }

  private async historyUpTo(answered: MessageRecord): Promise<readonly PromptHistoryMessage[]> {
    const context = await this.context(answered.conversationId);
    return context?.answeredId === answered.id ? context.history : this.messages.historyUpTo(answered);
  }

  /** What is to be answered next, and what was said before it. */
  @Cacheable(conversationContext)
  async context(conversationId: string): Promise<Context | undefined> {
    const answered = await this.messages.newest(conversationId, 'user');
    return answered && { answeredId: answered.id, history: await this.messages.historyUpTo(answered) };
  }

  private async build(
    { userId, characterId }: ConversationRef,
    history: readonly PromptHistoryMessage[],
    { model, maxTokens }: GenerationParameters,
  ): Promise<{ prompt: Prompt; version: number }> {
    const character = await this.characters.find(characterId);
    if (!character) throw platformErrors['not-found']('The character of this conversation no longer exists.');
    const userName = await this.users.displayNameOf(userId);
    const prompt = this.builder.build({ character, userName, history, model, maxTokens });
    return { prompt, version: character.version };
  }
}
