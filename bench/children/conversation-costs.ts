// The conversations of the service as `npm run build` leaves it, called without HTTP: what is compared is the work, and a
// request around it would hide some of the difference.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fillConversation } from '../../test/support/fill-conversation.js';
import { serveParent } from '../child-process.js';
import type { CostSetup, Operation, Timing } from '../conversations/costs.js';

type Method = (...input: unknown[]) => Promise<never>;
type Service = Record<string, Method>;
type Token = abstract new (...input: never[]) => unknown;

interface App {
  init(): Promise<unknown>;
  get(token: Token, options: { strict: boolean }): unknown;
}

interface Talk {
  id: string;
  userId: string;
  characterId: string;
}

/** Of one length; messages that are sent are spread over all of them, so that none grows much. */
interface Talks {
  all: Talk[];
  /** Of the first: a message in its middle, and one of a branch that is not shown. */
  middle: { seq: number };
  leaf: string;
}

const built = async (file: string, name: string): Promise<Token> =>
  ((await import(pathToFileURL(resolve('dist/src', file)).href)) as Record<string, Token>)[name]!;

const SOURCES = {
  users: ['users/users.service.js', 'UsersService'],
  characters: ['characters/characters.service.js', 'CharactersService'],
  starts: ['conversations/conversation-starts.service.js', 'ConversationStarts'],
  conversations: ['conversations/conversations.service.js', 'ConversationsService'],
  messages: ['conversations/messages/messages.service.js', 'MessagesService'],
  rows: ['conversations/messages/messages.repository.js', 'MessagesRepository'],
  log: ['conversations/messages/message-log.service.js', 'MessageLog'],
  contexts: ['conversations/generations/prompt-contexts.service.js', 'PromptContexts'],
} as const;

const services = {} as Record<keyof typeof SOURCES, Service>;
const talks = new Map<number, Talks>();
let query: (sql: string, parameters: unknown[]) => Promise<unknown>;
let actor: { id: string; role: string };
let sent = 0;

async function start({ databaseUrl }: CostSetup): Promise<void> {
  const bootstrap = (await import(pathToFileURL(resolve('dist/src/bootstrap.js')).href)) as {
    createApp(environment: Record<string, string>): Promise<App>;
  };
  const app = await bootstrap.createApp({
    LOG_LEVEL: 'error',
    DATABASE_URL: databaseUrl,
    USAGE_FREE_TEXT_PER_DAY: '1000000',
  });
  await app.init();
  for (const [name, [file, token]] of Object.entries(SOURCES)) {
    services[name as keyof typeof SOURCES] = app.get(await built(file, token), { strict: false }) as Service;
  }
  const database = app.get(await built('platform/database/database.js', 'Database'), { strict: false });
  query = (sql, parameters) => (database as { manager: { query: Method } }).manager.query(sql, parameters);
  const account = { email: 'ada@example.com', username: 'ada', passwordHash: 'x' };
  const user: { id: string } = await services.users.create!(account);
  actor = { id: user.id, role: 'user' };
}

async function fill({ length, count }: { length: number; count: number }): Promise<void> {
  const character: { id: string } = await services.characters.create!(actor, { name: 'Ada' });
  const all: Talk[] = [];
  for (let index = 0; index < count; index += 1) {
    const { conversation } = (await services.starts.start!(actor, { characterId: character.id })) as {
      conversation: Talk;
    };
    await fillConversation(query, { id: conversation.id, userId: actor.id }, length);
    all.push({ id: conversation.id, userId: actor.id, characterId: character.id });
  }
  const [talk] = all as [Talk];
  const at = async (seq: number): Promise<{ id: string; seq: number }> => {
    const rows: { id: string; seq: number }[] = await services.rows.window!(talk.id, {
      limit: 1,
      before: seq + 1,
    });
    return rows[0]!;
  };
  const middle = await at(length / 2);
  const leaf = (await at(length - 10)).id;
  talks.set(length, { all, middle, leaf });
  await say(talk, (await at(length - 20)).id);
  await query('VACUUM ANALYZE', []);
}

const say = (talk: Talk, parentId?: string): Promise<unknown> =>
  services.log.append!(talk, actor, {
    clientMessageId: randomUUID(),
    text: 'The tide was out and the boats lay on their sides in the mud, waiting.',
    parentId,
    reply: { mode: 'none' },
  });

const operations: Record<Operation, (talks: Talks) => Promise<unknown>> = {
  append: ({ all }) => say(all[sent++ % all.length]!),
  'newest page': ({ all: [talk] }) => services.messages.window!(actor, talk!.id, { limit: 49 }),
  'page in the middle': ({ all: [talk], middle: { seq } }) =>
    services.messages.window!(actor, talk!.id, { limit: 50, before: seq }),
  'page around': ({ all: [talk], middle: { seq } }) =>
    services.messages.window!(actor, talk!.id, { limit: 50, around: seq }),
  'page of another branch': ({ all: [talk], leaf }) =>
    services.messages.window!(actor, talk!.id, { limit: 50, leaf }),
  context: ({ middle }) => services.contexts.before!(middle),
  list: () => services.conversations.list!(actor, { limit: 24 }),
};

serveParent({
  start,
  fill,
  run: async ({ operation, length, times }: Timing) => {
    const of = talks.get(length)!;
    const started = process.hrtime.bigint();
    for (let index = 0; index < times; index += 1) await operations[operation](of);
    return Number(process.hrtime.bigint() - started);
  },
});
