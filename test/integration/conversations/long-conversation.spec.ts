import { FULL_SIZE } from '../../../libs/cache/src/testing/full-size.js';
import { ConversationsService } from '../../../src/conversations/conversations.service.js';
import { MessagesService } from '../../../src/conversations/messages/messages.service.js';
import { SearchService } from '../../../src/conversations/search/search.service.js';
import { Database } from '../../../src/platform/database/database.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { START_MS } from '../../support/service.js';
import { testServers } from '../../support/test-servers.js';
import { startConversations, type ConversationsApp, type Talk } from './conversations-app.js';
import { fillConversation } from '../../support/fill-conversation.js';

const SHORT = 100;
const LONG = FULL_SIZE ? 100_000 : 5_000;

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Plan[];
}

let service: ConversationsApp;
let short: Talk;
let long: Talk;

beforeAll(async () => {
  const { url } = await (await testServers.postgres()).createDatabase();
  service = await startConversations({ DATABASE_URL: url });
  const { manager } = service.app.get(Database, { strict: false });
  const query = (sql: string, parameters: unknown[]) => manager.query(sql, parameters);
  short = await service.talk();
  long = await service.talk();
  await fillConversation(query, short, SHORT);
  await fillConversation(query, long, LONG);
  await manager.query('VACUUM ANALYZE');
}, START_MS);
afterAll(() => service?.close());

const messages = (): MessagesService => service.app.get(MessagesService, { strict: false });

/** Every operation begins with nothing cached, and reads what it needs from the database. */
const operations: Record<string, (talk: Talk, length: number) => Promise<unknown>> = {
  'the newest page': ({ id }) => messages().window(service.actor, id, { limit: 50 }),
  'a page before': ({ id }, length) =>
    messages().window(service.actor, id, { limit: 20, before: Math.round(length / 2) }),
  'a page after': ({ id }, length) =>
    messages().window(service.actor, id, { limit: 20, after: Math.round(length / 2) }),
  'a page around': ({ id }, length) =>
    messages().window(service.actor, id, { limit: 20, around: Math.round(length / 2) }),
  'the context': (talk) => service.context(talk),
  'a message and its reply': (talk) => service.converse(talk, 'question', 'answer'),
  'a message that begins a branch': async (talk, length) => {
    const { items } = await messages().window(service.actor, talk.id, {
      limit: 1,
      before: Math.round(length / 3),
    });
    return service.say(talk, 'branch', items[0]!.id);
  },
  'another variant': async (talk, length) => {
    const { items } = await messages().window(service.actor, talk.id, {
      limit: 2,
      before: Math.round(length / 4),
    });
    const reply = items.find(({ role }) => role === 'character');
    return service.again(talk, reply!.id, 'again');
  },
  'a page of the branch that is not shown any more': async ({ id }, length) => {
    const { manager } = service.app.get(Database, { strict: false });
    const sql = 'SELECT id FROM messages WHERE conversation_id = $1 AND seq = $2';
    const [last] = await manager.query<{ id: string }[]>(sql, [id, length - 10]);
    return messages().window(service.actor, id, { limit: 20, leaf: last!.id });
  },
  'an edit': async (talk) => {
    const { id } = await service.say(talk, 'wrogn');
    return service.log.edit(talk, service.actor, id, 'wrong');
  },
  'the list': () =>
    service.app.get(ConversationsService, { strict: false }).list(service.actor, { limit: 7 }),
};

/** Rows that the statements of some work look at, by what the database counts when they are run again. */
async function rowsReadBy(work: () => Promise<unknown>): Promise<{ rows: number; scanned: string[] }> {
  const { manager } = service.app.get(Database, { strict: false });
  const asked: [sql: string, parameters: unknown[]][] = [];
  const spy = jest.spyOn(manager.connection.logger, 'logQuery').mockImplementation((sql, parameters) => {
    asked.push([sql, (parameters ?? []) as unknown[]]);
  });
  await work();
  spy.mockRestore();
  let rows = 0;
  const scanned: string[] = [];
  const count = (plan: Plan): void => {
    const { 'Node Type': type, 'Relation Name': table } = plan;
    if (table) {
      const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0);
      rows += (plan['Actual Rows'] + removed) * plan['Actual Loops'];
      if (type === 'Seq Scan' && ['messages', 'generations'].includes(table)) scanned.push(table);
    }
    for (const inner of plan.Plans ?? []) count(inner);
  };
  for (const [sql, parameters] of asked) {
    if (!/^\s*(?:WITH|SELECT)\b/i.test(sql) || /\bINSERT\b/.test(sql)) continue;
    const [row] = await manager.query<{ 'QUERY PLAN': { Plan: Plan }[] }[]>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
      parameters,
    );
    count(row!['QUERY PLAN'][0]!.Plan);
  }
  return { rows, scanned };
}

describe(`a conversation of ${LONG} messages`, () => {
  it.each(Object.keys(operations))('is read no further than one of a hundred: %s', async (name) => {
    const few = await rowsReadBy(() => operations[name]!(short, SHORT));
    const many = await rowsReadBy(() => operations[name]!(long, LONG));
    expect(many.scanned).toEqual([]);
    expect(many.rows).toBeGreaterThan(0);
    expect(many.rows).toBeLessThanOrEqual(Math.max(few.rows * 1.2, few.rows + 3));
  });

  it('of somebody else is not looked at by a search', async () => {
    const stranger = { id: service.stranger.user.id, role: 'user' as const };
    const search = service.app.get(SearchService, { strict: false });
    const { rows, scanned } = await rowsReadBy(() =>
      search.search(stranger, { q: `word${newId()}`, limit: 5 }),
    );
    const common = await rowsReadBy(() => search.search(stranger, { q: 'message', limit: 5 }));
    expect([...scanned, ...common.scanned]).toEqual([]);
    expect(Math.max(rows, common.rows)).toBeLessThan(10);
  });
});
