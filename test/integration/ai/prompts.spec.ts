import { SummaryStore } from '../../../src/conversations/summaries/summary-store.service.js';
import { Api, expectStatus, type Answer, type Character, type Problem } from '../../support/api-client.js';
import { START_MS } from '../../support/service.js';
import { startConversations, type ConversationsApp, type Talk } from '../conversations/conversations-app.js';

interface Preview {
  messages: { role: string; content: string; source: string }[];
  tokens: number;
  budget: { window: number; reserved: number; used: number };
  lore: { entryId: string; fired: boolean; reason: string; key?: string }[];
  dropped: { source: string; reason: string; tokens: number; messageSeq?: number }[];
}
interface Compiled {
  messages: Preview['messages'];
  tokens: number;
  version: number;
}
interface Context extends Omit<Preview, 'messages' | 'tokens' | 'lore'> {
  segments: { source: string; tokens: number; messageSeq?: number; entryId?: string }[];
  coversFromSeq: number | null;
  lore?: Preview['lore'];
}

const entry = (content: string, more: object = {}) => ({
  keys: ['tower'],
  content,
  extensions: {},
  enabled: true,
  insertion_order: 1,
  use_regex: false,
  ...more,
});

let service: ConversationsApp;
beforeAll(async () => {
  service = await startConversations({ AI_CONTEXT_WINDOW: '3000', AI_MAX_TOKENS: '300' });
}, START_MS);
afterAll(() => service.close());

async function newCharacter(more: object = {}): Promise<Character> {
  const input = {
    ...{ name: 'Miranda', nickname: 'Mira', visibility: 'public', firstMessage: 'Come in, {{user}}.' },
    ...{ description: '{{char}} keeps the light.', systemPrompt: 'Be {{char}}.', ...more },
  };
  return expectStatus(201, await service.person.post<Character>('/api/characters', input));
}
const putLore = async (id: string, entries: object[], book: object = {}): Promise<void> => {
  expectStatus(
    200,
    await service.person.put(`/api/characters/${id}/lorebook`, { extensions: {}, ...book, entries }),
  );
};
const previewPath = (id: string): string => `/api/characters/${id}/prompt/preview`;
const compiledPath = (id: string): string => `/api/ai/characters/${id}/compiled-prompt`;
const preview = async (id: string, body: object = {}): Promise<Preview> =>
  expectStatus(200, await service.person.post<Preview>(previewPath(id), body));

describe('the preview of a prompt', () => {
  const history = [
    { role: 'character', text: 'Come in.' },
    { role: 'user', text: 'What a tower!' },
  ];

  it('shows the messages and says why each piece is in or out', async () => {
    const { id } = await newCharacter();
    await putLore(
      id,
      [
        entry('The tower of {{char}} leans.', { id: 1 }),
        entry('The sea is far.', { id: 2, keys: ['sea'] }),
        entry('A long story. '.repeat(200), { id: 3, priority: -1 }),
      ],
      { token_budget: 100 },
    );
    const shown = await preview(id, { history, userName: 'Ada' });
    expect(shown.messages).toEqual([
      { role: 'system', content: 'Be Mira.', source: 'system' },
      { role: 'system', content: 'About Mira:\nMira keeps the light.', source: 'character' },
      { role: 'system', content: 'The tower of Mira leans.', source: 'lore' },
      { role: 'assistant', content: 'Come in.', source: 'history' },
      { role: 'user', content: 'What a tower!', source: 'message' },
    ]);
    expect(shown.lore).toEqual([
      { entryId: '1', fired: true, reason: 'key', key: 'tower' },
      { entryId: '2', fired: false, reason: 'no-key' },
      { entryId: '3', fired: true, reason: 'key', key: 'tower' },
    ]);
    expect(shown.dropped).toMatchObject([{ source: 'lore', entryId: '3', reason: 'token-budget' }]);
    expect(shown.tokens).toBe(shown.budget.used);
    expect(shown.budget).toMatchObject({ window: 3_000, reserved: 360 });
  });

  it('is made anew after every change of the character', async () => {
    const { id } = await newCharacter();
    const systems = async (): Promise<string> =>
      (await preview(id, { history })).messages
        .filter(({ role }) => role === 'system')
        .map(({ content }) => content)
        .join('|');
    expect(await systems()).toBe('Be Mira.|About Mira:\nMira keeps the light.');
    await putLore(id, [entry('It leans.')]);
    expect(await systems()).toContain('It leans.');
    await putLore(id, [entry('It stands.')]);
    expect(await systems()).toMatch(/It stands\.$/);
    expectStatus(200, await service.person.patch(`/api/characters/${id}`, { nickname: 'Mo' }));
    expect(await systems()).toContain('Mo keeps the light.');
  });

  it('leaves to chance what the seed decides', async () => {
    const { id } = await newCharacter({ description: '{{random:red,green,blue,black}}' });
    const drawn = async (seed: number): Promise<string | undefined> =>
      (await preview(id, { history, seed })).messages[1]?.content;
    const all = await Promise.all(Array.from({ length: 8 }, (_, seed) => drawn(seed)));
    expect(new Set(all).size).toBeGreaterThan(1);
    expect(await drawn(3)).toBe(all[3]);
  });

  it('refuses what cannot fit, with the numbers', async () => {
    const { id } = await newCharacter();
    const long = [{ role: 'user', text: 'word '.repeat(3_000) }];
    const problem = expectStatus(422, await service.person.post<Problem>(previewPath(id), { history: long }));
    expect(problem).toMatchObject({
      code: 'context-overflow',
      window: 3_000,
      reserved: 360,
      available: 2_640,
    });
    expect(problem['required']).toBeGreaterThan(3_000);
  });

  it.each<[string, object]>([
    ['#/history/0/role', { history: [{ role: 'system', text: 'x' }] }],
    ['#/history/0/text', { history: [{ role: 'user', text: 'x'.repeat(16_001) }] }],
    ['#/history', { history: Array.from({ length: 401 }, () => ({ role: 'user', text: 'x' })) }],
    ['#/seed', { seed: -1 }],
    ['#/userName', { userName: '' }],
    ['#/other', { other: 1 }],
  ])('refuses what is wrong at %s', async (pointer, body) => {
    const { id } = await newCharacter();
    const { errors } = expectStatus(400, await service.person.post<Problem>(previewPath(id), body));
    expect(errors?.map((each) => each.pointer)).toContain(pointer);
  });
});

describe('the compiled prompt', () => {
  it('is cached until the character changes, and has a tag', async () => {
    const { id } = await newCharacter({ postHistoryInstructions: 'Answer {{user}}.' });
    const read = (headers?: Record<string, string>): Promise<Answer<Compiled>> =>
      service.person.get<Compiled>(compiledPath(id), headers);
    const first = await read();
    expect(expectStatus(200, first).messages.at(-1)?.content).toBe('Answer {{user}}.');
    const again = await read();
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('cache-status')).toMatch(/prompt:compiled"?; ?hit/);
    expect(again.queries).toBe(0);
    const tag = first.headers.get('etag') as string;
    expect((await read({ 'if-none-match': tag })).status).toBe(304);

    expectStatus(200, await service.person.patch(`/api/characters/${id}`, { description: 'Another.' }));
    const changed = await read({ 'if-none-match': tag });
    expect(expectStatus(200, changed).version).toBe(first.body.version + 1);
    expect(changed.body.messages[1]?.content).toBe('About Mira:\nAnother.');
    await putLore(id, [entry('Always.', { constant: true })]);
    expect((await read()).body.messages.map(({ content }) => content)).toContain('Always.');
    await service.person.delete(`/api/characters/${id}`);
    expectStatus(404, await read());
  });
});

describe('somebody else', () => {
  it.each([
    ['public', 403],
    ['private', 404],
  ])('does not see the prompts of a %s character: %i', async (visibility, status) => {
    const { id } = await newCharacter({ visibility });
    expectStatus(status, await service.stranger.post(previewPath(id), {}));
    expectStatus(status, await service.stranger.get(compiledPath(id)));
    const anonymous = new Api(service.url);
    expectStatus(401, await anonymous.post(previewPath(id), {}));
    expectStatus(401, await anonymous.get(compiledPath(id)));
  });

  it('learns of lore that fired for them, but neither its keys nor its text', async () => {
    const { id } = await newCharacter();
    await putLore(id, [entry('A secret.', { id: 1, keys: ['password'] })]);
    const seen = async (person: ConversationsApp['person']): Promise<Answer<Context>> => {
      const conversation = await person.converse(id);
      await person.say(conversation.id, 'The password?', { mode: 'none' });
      return person.get<Context>(`/api/conversations/${conversation.id}/context?explain=true`);
    };
    const strange = await seen(service.stranger);
    expect(expectStatus(200, strange).lore).toEqual([{ entryId: '1', fired: true, reason: 'key' }]);
    expect(JSON.stringify(strange.body)).not.toMatch(/password|secret/);
    expect((await seen(service.person)).body.lore).toEqual([
      { entryId: '1', fired: true, reason: 'key', key: 'password' },
    ]);
  });

  it('does not learn that a conversation exists', async () => {
    const talk = await service.talk();
    expectStatus(404, await service.stranger.get(`/api/conversations/${talk.id}/context`));
    expectStatus(401, await new Api(service.url).get(`/api/conversations/${talk.id}/context`));
  });
});

describe('the context of a conversation', () => {
  const contextOf = async ({ id }: Talk, query = ''): Promise<Context> =>
    expectStatus(200, await service.person.get<Context>(`/api/conversations/${id}/context${query}`));
  const seqs = ({ segments }: Context): number[] => segments.flatMap(({ messageSeq }) => messageSeq ?? []);

  it('adds up, in the order of the prompt', async () => {
    const talk = await service.talk();
    await service.converse(talk, 'one', 'ONE');
    await service.say(talk, 'two');
    const context = await contextOf(talk);
    expect(context.segments.map(({ source }) => source).filter((source) => source !== 'example')).toEqual([
      'system',
      'greeting',
      'history',
      'history',
      'message',
    ]);
    expect(seqs(context)).toEqual([1, 2, 3, 4]);
    expect(context.coversFromSeq).toBe(1);
    expect(context.segments.reduce((sum, { tokens }) => sum + tokens, 3)).toBe(context.budget.used);
    expect(context).not.toHaveProperty('lore');
  });

  it('is read from the cache, and anew after each operation on a message', async () => {
    const talk = await service.talk();
    const [mine] = await service.converse(talk, 'one', 'ONE');
    const path = `/api/conversations/${talk.id}`;
    await contextOf(talk);
    const again = await service.person.get<Context>(`${path}/context`);
    expect(again.queries).toBe(0);
    const before = again.body.budget.used;
    expectStatus(
      200,
      await service.person.patch(`${path}/messages/${mine!.id}`, { text: 'one and much more' }),
    );
    expect((await contextOf(talk)).budget.used).toBeGreaterThan(before);
    expectStatus(201, await service.person.say(talk.id, 'two', { mode: 'none' }));
    expect(seqs(await contextOf(talk))).toEqual([1, 2, 3, 4]);
    const { items } = expectStatus(
      200,
      await service.person.get<{ items: { id: string }[] }>(`${path}/messages`),
    );
    expectStatus(204, await service.person.delete(`${path}/messages/${items.at(-1)!.id}`));
    expect(seqs(await contextOf(talk))).toEqual([1, 2, 3]);
  });

  it('reads only as far back as the window needs, and tells of the rest by the summary', async () => {
    const talk = await service.talk();
    const texts = Array.from({ length: 60 }, (_, index) => `number ${index} ${'word '.repeat(200)}`);
    let last = await service.say(talk, 'first');
    for (const text of texts) last = await service.say(talk, text);
    const without = await contextOf(talk);
    expect(seqs(without).at(-1)).toBe(last.seq);
    expect(without.coversFromSeq).toBeGreaterThan(40);
    // A page of 50 was read, not the conversation.
    const looked = [...without.segments, ...without.dropped].flatMap(({ messageSeq }) => messageSeq ?? []);
    expect(looked).toHaveLength(50);

    const [covered] = expectStatus(
      200,
      await service.person.get<{ items: { id: string }[] }>(
        `/api/conversations/${talk.id}/messages?around=20&limit=1`,
      ),
    ).items;
    const message = { ...last, ...covered, seq: 20, pos: 40 };
    await service.app
      .get(SummaryStore, { strict: false })
      .keep(talk, message, { text: 'They counted.', contentChanges: 0 });
    const summed = await contextOf(talk);
    expect(summed.segments.some(({ source }) => source === 'summary')).toBe(true);
    expect(summed.budget.used).toBeLessThanOrEqual(summed.budget.window - summed.budget.reserved);
  });

  it('is there before anybody has spoken, and gone with the conversation', async () => {
    const { id } = await newCharacter({ firstMessage: '' });
    const { id: conversationId } = await service.person.converse(id);
    const talk = { id: conversationId, userId: service.actor.id, characterId: id };
    expect((await contextOf(talk)).coversFromSeq).toBeNull();
    await service.person.delete(`/api/conversations/${conversationId}`);
    expectStatus(404, await service.person.get(`/api/conversations/${conversationId}/context`));
  });
});
