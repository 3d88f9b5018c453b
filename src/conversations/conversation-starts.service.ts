import { Injectable } from '@nestjs/common';
import { PromptBuilder } from '../ai/prompt/prompt-builder.service.js';
import type { Character } from '../characters/characters.types.js';
import { CharactersService } from '../characters/characters.service.js';
import type { Actor } from '../platform/actor/actor.js';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { newId } from '../platform/ids/ids.js';
import { UsersService } from '../users/users.service.js';
import type { Conversation } from './conversation.js';
import { CharacterActivity } from './character-activity.service.js';
import { ConversationStore } from './conversation-store.service.js';
import type { StartConversation } from './conversations.dto.js';
import { conversationErrors } from './conversations.errors.js';
import { assertMetadataSize } from './metadata.pipe.js';
import type { MessageRecord } from './messages/messages.repository.js';

/** Beginning a conversation: with whom, and with which of the character's greetings. */
@Injectable()
export class ConversationStarts {
  constructor(
    private readonly characters: CharactersService,
    private readonly users: UsersService,
    private readonly prompts: PromptBuilder,
    private readonly store: ConversationStore,
    private readonly outbox: EventOutbox,
    private readonly activity: CharacterActivity,
  ) {}

  /** @throws not-found for a character the caller may not see; greeting-out-of-range */
  async start(
    actor: Actor,
    { characterId, title, ...input }: StartConversation,
  ): Promise<{ conversation: Conversation; greeting: MessageRecord | null }> {
    // An optional field may be null, which a default would not replace.
    const greetingIndex = input.greetingIndex ?? 0;
    const metadata = input.metadata ?? {};
    assertMetadataSize(metadata);
    const character = await this.characters.getVisible(actor, characterId);
    const userName = await this.users.displayNameOf(actor.id);
    const greeting = this.prompts.render(greetingOf(character, greetingIndex), character, userName);
    const row = {
      id: newId(),
      userId: actor.id,
      characterId: character.id,
      title: title ?? character.name,
      metadata,
      greeting,
    };
    return this.outbox.telling(() =>
      this.store.start(row, () => this.activity.started(row, greeting !== '')),
    );
  }
}

function greetingOf({ name, firstMessage, alternateGreetings }: Character, index: number): string {
  if (index === 0) return firstMessage;
  const greeting = alternateGreetings[index - 1];
  if (greeting !== undefined) return greeting;
  const detail = `${name} has greetings 0 to ${alternateGreetings.length}.`;
  throw conversationErrors['greeting-out-of-range'](detail, {
    errors: [{ pointer: '#/greetingIndex', code: 'greeting-out-of-range', detail }],
  });
}
