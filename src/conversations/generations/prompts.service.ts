import { Injectable } from '@nestjs/common';
import { AiService } from '../../ai/ai.service.js';
import type { ExplainedPrompt, Prompt, PromptInput } from '../../ai/ai.types.js';
import { CharacterPrompts } from '../../ai/prompt/character-prompts.service.js';
import { PromptBuilder } from '../../ai/prompt/prompt-builder.service.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { UsersService } from '../../users/users.service.js';
import type { ConversationRef } from '../conversation.js';
import { MessagesRepository } from '../messages/messages.repository.js';
import type { GenerationEntity, GenerationParameters } from './generation.entity.js';
import { PromptContexts } from './prompt-contexts.service.js';

type Said = Pick<PromptInput, 'history' | 'hasEarlier' | 'summary'>;

/** Makes prompts from what is stored: the character, its user's name, and the conversation so far. */
@Injectable()
export class PromptsService {
  constructor(
    private readonly characters: CharacterPrompts,
    private readonly users: UsersService,
    private readonly messages: MessagesRepository,
    private readonly contexts: PromptContexts,
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
    await this.build(
      conversation,
      { history: [{ role: 'user', text, seq: 1 }], hasEarlier: true },
      parameters,
    );
  }

  async forGeneration(generation: GenerationEntity): Promise<{ prompt: Prompt; version: number }> {
    const { conversationId, parentMessageId, userId, characterId, parameters } = generation;
    const answered = await this.messages.find(conversationId, parentMessageId);
    if (!answered) throw platformErrors['not-found']('The message to answer was deleted.');
    const conversation = { id: conversationId, userId, characterId };
    return this.build(conversation, await this.contexts.before(answered), parameters);
  }

  /**
   * What a model is given of the conversation as it stands.
   * @throws model-not-available; context-overflow; not-found when the character is gone
   */
  async ofConversation(conversation: ConversationRef, model?: string): Promise<ExplainedPrompt> {
    this.ai.modelFor(model);
    const said = (await this.contexts.newest(conversation.id)) ?? { history: [] };
    return (await this.build(conversation, said, { model })).prompt;
  }

  private async build(
    { userId, characterId }: ConversationRef,
    { history, hasEarlier, summary }: Said,
    { model, maxTokens, seed }: GenerationParameters,
  ): Promise<{ prompt: ExplainedPrompt; version: number }> {
    const character = await this.characters.find(characterId);
    if (!character) throw platformErrors['not-found']('The character of this conversation no longer exists.');
    const userName = await this.users.displayNameOf(userId);
    const about = { character, userName, model, maxTokens, seed };
    return {
      prompt: this.builder.build({ ...about, history, hasEarlier, summary }),
      version: character.version,
    };
  }
}
