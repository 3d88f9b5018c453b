import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GenerationsService } from '../../../src/conversations/generations/generations.service.js';
import { PromptContexts } from '../../../src/conversations/generations/prompt-contexts.service.js';
import { MessageLog, type Regeneration } from '../../../src/conversations/messages/message-log.service.js';
import type { MessageRecord } from '../../../src/conversations/messages/messages.repository.js';
import { MessagesRepository } from '../../../src/conversations/messages/messages.repository.js';
import type { GenerationEntity } from '../../../src/conversations/generations/generation.entity.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { newCharacter, newPerson, type Character, type Person } from '../../support/api-client.js';
import { startApp } from '../../support/running-app.js';

export interface Talk {
  id: string;
  userId: string;
  characterId: string;
}

/** The service in this process, with a person and a character, and the means to speak for the model. */
export interface ConversationsApp {
  app: NestFastifyApplication;
  url: string;
  person: Person;
  stranger: Person;
  character: Character;
  actor: Actor;
  log: MessageLog;
  talk(): Promise<Talk>;
  /** Stores a message; no reply is asked for. */
  say(talk: Talk, text: string, parentId?: string): Promise<MessageRecord>;
  /** Stores a message and the reply to it, as if the model had said it. */
  converse(talk: Talk, text: string, answer: string, parentId?: string): Promise<MessageRecord[]>;
  /** Another variant, as if the model had said it. */
  again(talk: Talk, messageId: string, answer: string, how?: Regeneration): Promise<MessageRecord>;
  conclude(generation: GenerationEntity, answer: string): Promise<MessageRecord>;
  /** What the next prompt looks back on. */
  context(talk: Talk): Promise<string[]>;
  close(): Promise<void>;
}

export async function startConversations(settings: Record<string, string> = {}): Promise<ConversationsApp> {
  const { app, url, close } = await startApp({
    BURST_LIMIT: '0',
    USAGE_FREE_TEXT_PER_DAY: '100000',
    ...settings,
  });
  const [person, stranger] = [await newPerson(url), await newPerson(url)];
  const character = await newCharacter(person);
  const actor: Actor = { id: person.user.id, role: 'user' };
  const log = app.get(MessageLog, { strict: false });
  const draft = (text: string, parentId?: string) => ({ clientMessageId: newId(), text, parentId });

  const conclude = async (generation: GenerationEntity, answer: string): Promise<MessageRecord> => {
    await app.get(GenerationsService, { strict: false }).conclude(generation, {
      status: 'completed',
      text: answer,
      finishReason: 'stop',
      charged: true,
    });
    const { conversationId, replyMessageId } = generation;
    return app.get(MessagesRepository, { strict: false }).findStored(conversationId, replyMessageId);
  };
  return {
    app,
    url,
    person,
    stranger,
    character,
    actor,
    log,
    conclude,
    talk: async () => {
      const { id } = await person.converse(character.id);
      return { id, userId: actor.id, characterId: character.id };
    },
    say: async (talk, text, parentId) => {
      const none = { ...draft(text, parentId), reply: { mode: 'none' as const } };
      return (await log.append(talk, actor, none)).message;
    },
    converse: async (talk, text, answer, parentId) => {
      const { message, generation } = await log.append(talk, actor, draft(text, parentId));
      return [message, await conclude(generation as GenerationEntity, answer)];
    },
    again: async (talk, messageId, answer, how = {}) => {
      const { generation } = await log.askAgain(talk, actor, messageId, how);
      return conclude(generation, answer);
    },
    context: async ({ id }) => {
      const found = await app.get(PromptContexts, { strict: false }).newest(id);
      return (found?.history ?? []).map(({ text }) => text);
    },
    close,
  };
}
