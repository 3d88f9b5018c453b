import type { Type } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { SummaryJob } from '../../../src/conversations/summaries/summary-job.service.js';
import { Database } from '../../../src/platform/database/database.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { JobsRepository } from '../../../src/platform/jobs/jobs.repository.js';
import { Jobs } from '../../../src/platform/jobs/jobs.service.js';
import { RunningJob } from '../../../src/platform/jobs/running-job.js';
import { expectStatus, newCharacter, type Page, type Problem } from '../../support/api-client.js';
import type { Conversation, Message } from '../../support/api-client.js';
import { START_MS } from '../../support/service.js';
import { LiveSocket } from '../../support/socket-client.js';
import { startConversations, type ConversationsApp, type Talk } from './conversations-app.js';

let service: ConversationsApp;
let live: LiveSocket;
beforeAll(async () => {
  service = await startConversations();
  live = await LiveSocket.connect(service.url, service.person.token);
}, START_MS);
afterAll(async () => {
  live?.close();
  await service?.close();
});

const at = (talk: Talk, rest = ''): string => `/api/conversations/${talk.id}${rest}`;

// Every lifetime is minutes: what is seen here at once was dropped, it did not expire.
describe('what is cached of conversations', () => {
  interface Scene {
    talk: Talk;
    mine: Message;
    reply: Message;
    variant: Message;
  }

  const scene = async (): Promise<Scene> => {
    const talk = await service.talk();
    const [mine, reply] = await service.converse(talk, 'question', 'answer');
    const variant = await service.again(talk, reply!.id, 'other answer');
    return { talk, mine, reply, variant } as unknown as Scene;
  };

  const reads = ({ talk }: Scene): Record<string, string> => ({
    'the conversation': at(talk),
    'its metadata': at(talk, '/metadata'),
    'its newest messages': at(talk, '/messages'),
    'the list': '/api/conversations',
    'the list with a character': `/api/conversations?characterId=${talk.characterId}`,
  });

  /** Everything that is read through a cache, and what the next prompt looks back on. */
  const readAll = async (where: Scene): Promise<Record<string, unknown>> => {
    const found: Record<string, unknown> = {};
    for (const [name, path] of Object.entries(reads(where))) {
      const { status, body } = await service.person.get(path);
      found[name] = status === 200 ? body : status;
    }
    found['the context'] = await service.context(where.talk);
    return found;
  };

  const forgetAll = async (): Promise<void> => {
    const cache = service.app.get(CacheService, { strict: false });
    for (const prefix of ['conversation', 'user:conversations']) await cache.evictPrefix(prefix);
  };

  const none = { mode: 'none' };
  const draft = (text: string) => ({ clientMessageId: newId(), text });
  const operations: Record<string, (scene: Scene) => Promise<unknown>> = {
    'POST a message': ({ talk }) => service.person.say(talk.id, 'more', none),
    'POST a message and its reply': ({ talk }) => service.person.say(talk.id, 'more', { mode: 'sync' }),
    'POST a message that begins a branch': ({ talk, mine }) =>
      service.person.post(at(talk, '/messages'), { ...draft('other'), parentId: mine.id, reply: none }),
    'PATCH a message': ({ talk, mine }) =>
      service.person.patch(at(talk, `/messages/${mine.id}`), { text: 'asked anew' }),
    'DELETE a message': ({ talk, mine }) => service.person.delete(at(talk, `/messages/${mine.id}`)),
    'PUT the active variant': ({ talk, reply, variant }) =>
      service.person.put(at(talk, `/messages/${variant.id}/active-variant`), { variantId: reply.id }),
    'POST a regeneration': async ({ talk, variant }) => {
      const path = at(talk, `/messages/${variant.id}/regenerations`);
      const { generation } = expectStatus(
        202,
        await service.person.post<{ generation: { eventsUrl: string } }>(path),
      );
      await service.person.follow(generation);
    },
    'PATCH the title': ({ talk }) => service.person.patch(at(talk), { title: 'Another' }),
    'archive it': ({ talk }) => service.person.patch(at(talk), { archived: true }),
    'PUT the metadata': ({ talk }) => service.person.put(at(talk, '/metadata'), { colour: 'red' }),
    'PUT the read marker': ({ talk }) => service.person.put(at(talk, '/read'), { seq: 4 }),
    'DELETE it': ({ talk }) => service.person.delete(at(talk)),
    'message:send': ({ talk }) =>
      live.get('message:send', { conversationId: talk.id, ...draft('more'), reply: none }),
    'message:edit': ({ talk, mine }) =>
      live.get('message:edit', { conversationId: talk.id, messageId: mine.id, text: 'asked anew' }),
    'message:delete': ({ talk, mine }) =>
      live.get('message:delete', { conversationId: talk.id, messageId: mine.id }),
    'receipt:read': ({ talk }) => live.get('receipt:read', { conversationId: talk.id, seq: 4 }),
    'reply:regenerate': async ({ variant }) => {
      const asked = { messageId: variant.id, clientRequestId: newId() };
      const { generation } = await live.get<{ generation: { id: string } }>('reply:regenerate', asked);
      await live.hears('reply.completed', ({ data }) => data.generationId === generation.id);
    },
  };

  it('is read from the cache the second time', async () => {
    const where = await scene();
    await forgetAll();
    for (const path of Object.values(reads(where))) {
      await service.person.get(path);
      expect((await service.person.get(path)).queries).toBe(0);
    }
  });

  it.each(Object.keys(operations))('is what the database says at once after: %s', async (name) => {
    const where = await scene();
    const before = await readAll(where);
    await operations[name]!(where);
    const after = await readAll(where);
    await forgetAll();
    expect(after).toEqual(await readAll(where));
    expect(after).not.toEqual(before);
  });

  it('is so in whichever case a client writes an id', async () => {
    const { talk } = await scene();
    const path = `/api/conversations?characterId=${talk.characterId.toUpperCase()}`;
    const titles = async (): Promise<string[]> =>
      (await service.person.get<Page<Conversation>>(path)).body.items.map(({ title }) => title);
    await titles();
    await service.person.patch(at(talk), { title: 'In capitals' });
    expect(await titles()).toContain('In capitals');
    await live.get('conversation:join', { conversationId: talk.id.toUpperCase() });
    await service.person.delete(at(talk));
    await expect(live.get('conversation:join', { conversationId: talk.id.toUpperCase() })).rejects.toThrow();
  });

  it('shows a conversation that was just started', async () => {
    await service.person.get('/api/conversations');
    const { id } = await service.talk();
    const { items } = (await service.person.get<Page<Conversation>>('/api/conversations')).body;
    expect(items[0]?.id).toBe(id);
  });
});

describe('the list of conversations', () => {
  it('reads no bodies: neither messages nor metadata', async () => {
    const { manager } = service.app.get(Database, { strict: false });
    const logger = manager.connection.logger;
    const asked: string[] = [];
    const spy = jest.spyOn(logger, 'logQuery').mockImplementation((query) => void asked.push(query));
    await service.person.get('/api/conversations?limit=7');
    spy.mockRestore();
    const lists = asked.filter((query) => query.includes('"conversations"'));
    expect(lists).toHaveLength(1);
    expect(lists[0]).not.toMatch(/metadata|"messages"/);
  });

  it('has what was read, archived and active since then apart', async () => {
    const [kept, archived] = [await service.talk(), await service.talk()];
    await service.person.patch(at(archived), { archived: true });
    await service.converse(kept, 'question', 'answer');
    const list = async (query: string): Promise<Conversation[]> =>
      expectStatus(200, await service.person.get<Page<Conversation>>(`/api/conversations${query}`)).items;
    const [newest] = await list('');
    expect(newest).toMatchObject({ id: kept.id, unread: 1, lastMessagePreview: 'answer', lastSeq: 3 });
    expect((await list('')).map(({ id }) => id)).not.toContain(archived.id);
    expect((await list('?archived=true')).map(({ id }) => id)).toContain(archived.id);
    expect((await list('?archived=true')).map(({ id }) => id)).not.toContain(kept.id);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(await list(`?updatedSince=${later}`)).toEqual([]);
    expectStatus(400, await service.person.get('/api/conversations?updatedSince=yesterday'));
  });
});

describe('search', () => {
  interface Found {
    messageId: string;
    conversationId: string;
    characterId: string;
    snippet: string;
    highlights: { start: number; length: number }[];
  }
  const search = async (q: string, rest = ''): Promise<Found[]> => {
    const path = `/api/conversations/search?q=${encodeURIComponent(q)}${rest}`;
    return expectStatus(200, await service.person.get<Page<Found>>(path)).items;
  };

  it('finds what was said, on every branch, with the words marked', async () => {
    const talk = await service.talk();
    const [, first] = await service.converse(talk, 'Where is the Lighthouse?', 'ONE');
    const hidden = await service.say(talk, 'The lighthouse is dark.');
    await service.say(talk, 'Nothing of it', first!.id);
    const found = await search('lighthouse');
    expect(found.map(({ messageId }) => messageId)).toEqual([hidden.id, expect.any(String)]);
    const [{ snippet, highlights } = { snippet: '', highlights: [] }] = found;
    expect(highlights.map(({ start, length }) => snippet.slice(start, start + length))).toEqual([
      'lighthouse',
    ]);
    expect(await search('"lighthouse is"')).toHaveLength(1);
    expect(await search('lighthouse -dark')).toHaveLength(1);
  });

  it('pages without losing or repeating any, and only with the character asked for', async () => {
    const other = await newCharacter(service.person, 'Bob');
    const { id } = await service.person.converse(other.id);
    const talk = { id, userId: service.actor.id, characterId: other.id };
    for (let index = 0; index < 5; index += 1) await service.say(talk, `harbour ${index}`);
    await service.say(await service.talk(), 'harbour elsewhere');
    const path = `/api/conversations/search?q=harbour&limit=2&characterId=${other.id}`;
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page<Found> = expectStatus(
        200,
        await service.person.get<Page<Found>>(cursor ? `${path}&cursor=${cursor}` : path),
      );
      seen.push(...page.items.map(({ snippet }) => snippet));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([4, 3, 2, 1, 0].map((index) => `harbour ${index}`));
    expect(await search('harbour')).toHaveLength(6);
  });

  it('follows edits and removals at once, and finds nothing of deleted conversations or of anybody else', async () => {
    const talk = await service.talk();
    const { id } = await service.say(talk, 'a walrus');
    expect(await search('walrus')).toHaveLength(1);
    expect(
      (await service.stranger.get<Page<Found>>('/api/conversations/search?q=walrus')).body.items,
    ).toEqual([]);
    await service.person.patch(at(talk, `/messages/${id}`), { text: 'a narwhal' });
    expect([await search('walrus'), (await search('narwhal')).length]).toEqual([[], 1]);
    await service.person.delete(at(talk, `/messages/${id}`));
    expect(await search('narwhal')).toEqual([]);
    await service.say(talk, 'a manatee');
    await service.person.delete(at(talk));
    expect(await search('manatee')).toEqual([]);
  });

  it('takes anything as words, and needs some', async () => {
    const strange = [
      "' OR 1=1 --",
      '":*&|!()',
      '\u0000',
      '\u0001',
      `\u0001${service.stranger.user.id}`,
      '-',
      '<b>',
    ];
    for (const q of strange) await search(q);
    expect(await search('"')).toEqual([]);
    expectStatus(400, await service.person.get('/api/conversations/search'));
    expectStatus(400, await service.person.get(`/api/conversations/search?q=${'x'.repeat(201)}`));
    expectStatus(400, await service.person.get('/api/conversations/search?q=x&characterId=1'));
  });
});

describe('a summary', () => {
  interface Summary {
    text: string;
    coversThroughSeq: number;
    stale: boolean;
  }
  const read = async (talk: Talk): Promise<Summary> =>
    expectStatus(200, await service.person.get<Summary>(at(talk, '/summary')));
  const order = async (talk: Talk): Promise<string> => {
    const { jobId } = expectStatus(202, await service.person.post<{ jobId: string }>(at(talk, '/summary')));
    await live.hears('job.completed', ({ data }) => (data as { jobId?: string }).jobId === jobId);
    return jobId;
  };

  it('tells what was said up to the newest message, and goes on from there when ordered again', async () => {
    const talk = await service.talk();
    await service.converse(talk, 'I have a red boat. It leaks.', 'Then mend it.');
    await order(talk);
    const first = await read(talk);
    expect(first).toMatchObject({ coversThroughSeq: 3, stale: false });
    expect(first.text).toContain('I have a red boat.');
    expect(first.text).toContain('Then mend it.');
    await service.say(talk, 'I mended it.');
    expect(await read(talk)).toMatchObject({ coversThroughSeq: 3, stale: false });
    await order(talk);
    expect(await read(talk)).toMatchObject({
      coversThroughSeq: 4,
      text: `${first.text}\n${service.person.user.displayName || service.person.user.username}: I mended it.`,
    });
  });

  it.each(['edited', 'taken back'])(
    'is stale once something it covers was %s, and fresh when made again',
    async (how) => {
      const talk = await service.talk();
      const covered = await service.say(talk, 'My secret is a walnut.');
      await order(talk);
      const later = await service.say(talk, 'And then?');
      await service.person.patch(at(talk, `/messages/${later.id}`), { text: 'What then?' });
      expect((await read(talk)).stale).toBe(false);
      const path = at(talk, `/messages/${covered.id}`);
      await (how === 'edited'
        ? service.person.patch(path, { text: 'Nothing.' })
        : service.person.delete(path));
      expect((await read(talk)).stale).toBe(true);
      await order(talk);
      const now = await read(talk);
      expect(now.stale).toBe(false);
      expect(now.text).not.toContain('walnut');
    },
  );

  it('is stale while a branch is shown that it does not tell of', async () => {
    const talk = await service.talk();
    const [, first] = await service.converse(talk, 'one', 'ONE');
    const told = await service.say(talk, 'told');
    await order(talk);
    const other = await service.say(talk, 'other', first!.id);
    expect((await read(talk)).stale).toBe(true);
    await service.log.chooseVariant(talk, other.id, told.id);
    expect((await read(talk)).stale).toBe(false);
  });

  it('ordered twice at once is made once', async () => {
    const talk = await service.talk();
    await service.say(talk, 'Hello');
    const orders = await Promise.all(
      [1, 2, 3].map(() => service.person.post<{ jobId: string }>(at(talk, '/summary'))),
    );
    const ids = new Set(orders.map((answer) => expectStatus(202, answer).jobId));
    for (const jobId of ids) {
      await live.hears('job.completed', ({ data }) => (data as { jobId?: string }).jobId === jobId);
    }
    expect((await read(talk)).coversThroughSeq).toBe(2);
  });

  it('is not replaced by a worker that lost its job while it was making an older one', async () => {
    const talk = await service.talk();
    const early = await service.say(talk, 'One.');
    await service.say(talk, 'Two.');
    const jobId = await order(talk);
    const newer = await read(talk);
    const part = <T>(type: Type<T>): T => service.app.get(type, { strict: false });
    const checkpoint = { targetId: early.id, contentChanges: 0, text: 'One.', throughSeq: early.seq };
    const claimed = { ...(await part(Jobs).find(jobId))!, checkpoint };
    const tell = (): Promise<boolean> => Promise.resolve(true);
    const lost = new RunningJob<Talk, typeof checkpoint>(claimed, part(JobsRepository), part(Database), tell);
    await expect(part(SummaryJob).summarize(lost)).rejects.toThrow('lost');
    expect(await read(talk)).toEqual(newer);
  });

  it('is nobody else’s, and is not there before it was made or without anything said', async () => {
    const talk = await service.talk();
    expectStatus(404, await service.person.get(at(talk, '/summary')));
    expectStatus(404, await service.stranger.get(at(talk, '/summary')));
    expectStatus(404, await service.stranger.post(at(talk, '/summary')));
    const mute = expectStatus(
      201,
      await service.person.post<{ id: string }>('/api/characters', { name: 'Mute', visibility: 'private' }),
    );
    const { id } = await service.person.converse(mute.id);
    const refused = await service.person.post<Problem>(`/api/conversations/${id}/summary`);
    expect([refused.status, refused.body.code]).toEqual([409, 'nothing-to-summarize']);
  });
});
