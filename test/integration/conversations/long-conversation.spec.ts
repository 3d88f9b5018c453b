import { AsyncLocalStorage } from 'node:async_hooks';
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

type Query = (sql: string, parameters: unknown[]) => Promise<unknown>;

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Plan[];
}

/** Replies that were generated again, of the same message or one after the other. */
const OFTEN = 200;

let service: ConversationsApp;
let short: Talk;
let long: Talk;
/** One reply was generated again a few times, or often. */
let tried: { few: Talk; many: Talk };
/** Each reply was generated again once, so that each began a branch of the one before it. */
let nested: { few: Talk; many: Talk };

/** As if the reply to the message 50 had been generated again so many times; the newest is shown. */
async function addVariants(query: Query, { id, userId }: Talk, times: number): Promise<void> {
  const newest = 60 + times;
  await query(
    `INSERT INTO messages (id, conversation_id, owner_id, seq, branch, pos, role, parent_id, text)
     SELECT md5($1::text || '.' || n)::uuid, $1::text::uuid, $2::uuid, n, n, 101, 'character', md5($1::text || '.50')::uuid,
            'variant ' || n FROM generate_series(61, $3::int) n`,
    [id, userId, newest],
  );
  await query(
    `INSERT INTO conversation_branches (conversation_id, branch, parent, fork_seq, fork_pos)
     SELECT $1, n, 0, 50, 100 FROM generate_series(61, $2::int) n`,
    [id, newest],
  );
  await query('UPDATE conversations SET last_seq = $2, active_branch = $2 WHERE id = $1', [id, newest]);
}

/** Question, reply and another reply that is gone on with, so many times. */
async function fillNested(query: Query, { id, userId }: Talk, turns: number): Promise<void> {
  await query(
    `INSERT INTO messages (id, conversation_id, owner_id, seq, branch, pos, role, sender_id, client_message_id, parent_id, text)
     SELECT md5($1::text || '.' || n)::uuid, $1::text::uuid, $2::uuid, n,
            CASE WHEN k = 2 THEN n WHEN t = 0 THEN 0 ELSE 3 * t + 1 END,
            CASE WHEN k = 0 THEN 2 * n ELSE 2 * (3 * t + 2) + 1 END,
            CASE WHEN k = 0 THEN 'user' ELSE 'character' END,
            CASE WHEN k = 0 THEN $2::uuid END, CASE WHEN k = 0 THEN 'c' || n END,
            CASE WHEN k > 0 OR t > 0 THEN md5($1::text || '.' || (3 * t + CASE WHEN k = 0 THEN 1 ELSE 2 END))::uuid END,
            'message ' || n
     FROM generate_series(0, $3::int - 1) t, generate_series(0, 2) k, LATERAL (SELECT 3 * t + 2 + k AS n) s`,
    [id, userId, turns],
  );
  await query(
    `INSERT INTO conversation_branches (conversation_id, branch, parent, fork_seq, fork_pos)
     SELECT $1, 3 * t + 4, CASE WHEN t = 0 THEN 0 ELSE 3 * t + 1 END, 3 * t + 2, 2 * (3 * t + 2)
     FROM generate_series(0, $2::int - 1) t`,
    [id, turns],
  );
  const last = 3 * turns + 1;
  await query('UPDATE conversations SET last_seq = $2, active_branch = $2 WHERE id = $1', [id, last]);
}

beforeAll(async () => {
  const { url } = await (await testServers.postgres()).createDatabase();
  service = await startConversations({ DATABASE_URL: url });
  const { manager } = service.app.get(Database, { strict: false });
  const query: Query = (sql, parameters) => manager.query(sql, parameters);
  short = await service.talk();
  long = await service.talk();
  await fillConversation(query, short, SHORT);
  await fillConversation(query, long, LONG);
  tried = { few: await service.talk(), many: await service.talk() };
  for (const talk of Object.values(tried)) await fillConversation(query, talk, 60);
  await addVariants(query, tried.few, 2);
  await addVariants(query, tried.many, OFTEN);
  nested = { few: await service.talk(), many: await service.talk() };
  await fillNested(query, nested.few, OFTEN);
  await fillNested(query, nested.many, 3 * OFTEN);
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

interface Read {
  rows: number;
  /** Of them, those that say where a branch begins: a few bytes each. */
  forks: number;
  scanned: string[];
  statements: number;
}

/** Rows that the statements of some work look at, by what the database counts when they are run again. */
async function rowsReadBy(work: () => Promise<unknown>): Promise<Read> {
  const { manager } = service.app.get(Database, { strict: false });
  const asked: [sql: string, parameters: unknown[]][] = [];
  // The housekeeping of the service asks as well, the more of it the longer the work takes.
  const own = new AsyncLocalStorage<true>();
  const spy = jest.spyOn(manager.connection.logger, 'logQuery').mockImplementation((sql, parameters) => {
    if (own.getStore()) asked.push([sql, (parameters ?? []) as unknown[]]);
  });
  await own.run(true, work);
  spy.mockRestore();
  let rows = 0;
  let forks = 0;
  const scanned: string[] = [];
  const count = (plan: Plan): void => {
    const { 'Node Type': type, 'Relation Name': table } = plan;
    if (table) {
      const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0);
      const read = (plan['Actual Rows'] + removed) * plan['Actual Loops'];
      rows += read;
      if (table === 'conversation_branches') forks += read;
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
  return { rows, forks, scanned, statements: asked.length };
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

describe(`a reply that was generated again ${OFTEN} times`, () => {
  it.each([
    'the newest page',
    'a page before',
    'a page after',
    'a page around',
    'the context',
    'a message and its reply',
    'an edit',
  ])('makes its conversation cost no more: %s', async (name) => {
    const few = await rowsReadBy(() => operations[name]!(tried.few, 60));
    const many = await rowsReadBy(() => operations[name]!(tried.many, 60));
    expect(many.rows).toBeLessThanOrEqual(few.rows + 3);
  });

  it('is listed with its variants in a few statements', async () => {
    const { manager } = service.app.get(Database, { strict: false });
    const [one] = await manager.query<{ id: string }[]>(
      'SELECT id FROM messages WHERE conversation_id = $1 AND seq = 61',
      [tried.many.id],
    );
    const { statements } = await rowsReadBy(() => messages().variants(service.actor, tried.many.id, one!.id));
    expect(statements).toBeLessThan(20);
  });
});

describe(`a path with ${3 * OFTEN} replies that were generated again`, () => {
  it.each(['the newest page', 'the context', 'a message and its reply', 'an edit'])(
    'costs no more where it is gone on with: %s',
    async (name) => {
      const few = await rowsReadBy(() => operations[name]!(nested.few, 3 * OFTEN));
      const many = await rowsReadBy(() => operations[name]!(nested.many, 9 * OFTEN));
      expect(many.rows).toBeLessThanOrEqual(Math.max(few.rows * 1.05, few.rows + 3));
    },
  );

  it('costs no more than a few bytes for each of them where it is read far from its end', async () => {
    for (const name of ['a page before', 'a page around']) {
      const few = await rowsReadBy(() => operations[name]!(nested.few, 3 * OFTEN));
      const many = await rowsReadBy(() => operations[name]!(nested.many, 9 * OFTEN));
      expect(many.rows - many.forks).toBeLessThanOrEqual(few.rows - few.forks + 3);
      // Each look walks to the place from the end.
      expect(many.forks).toBeLessThanOrEqual(4 * 3 * OFTEN);
    }
  });
});
