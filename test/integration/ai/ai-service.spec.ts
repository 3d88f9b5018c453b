import { Database } from '../../../src/platform/database/database.js';
import {
  Api,
  expectStatus,
  newCharacter,
  newPerson,
  type Character,
  type Person,
  type Problem,
} from '../../support/api-client.js';
import { startModelServer, type ModelServer } from '../../support/model-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { START_MS } from '../../support/service.js';
import { adminToken } from '../../support/tokens.js';

interface Analysis {
  results: {
    sentiment?: { label: string; score: number; confidence: number };
    intent?: { label: string };
    topics?: { topics: { topic: string; weight: number }[] };
    safety?: { flagged: boolean; categories: { category: string }[] };
  };
  cached: boolean;
  analysisVersion: string;
}

interface Reading {
  traits: { name: string; weight: number }[];
  tone: { label: string };
  consistency: number | null;
  cached: boolean;
  engineVersion: string;
}

describe('the AI routes, offline', () => {
  let service: RunningApp;
  let ada: Person;
  let admin: Api;
  let character: Character;

  beforeAll(async () => {
    service = await startApp();
    ada = await newPerson(service.url);
    admin = new Api(service.url, await adminToken(ada.user.id));
    character = await newCharacter(ada, 'Mira');
  }, START_MS);
  afterAll(() => service.close());

  const analyse = (body: object) => admin.post<Analysis>('/api/ai/analyses', body);
  const read = (text: string) =>
    admin.post<Reading>('/api/ai/personalities', { characterId: character.id, text });

  it('are for administrators, but for the list of models', async () => {
    const attempts = [
      await ada.post('/api/ai/analyses', { text: 'Hello' }),
      await ada.post('/api/ai/personalities', { characterId: character.id, text: 'Hello' }),
      await ada.post('/api/ai/completions', { messages: [{ role: 'user', text: 'Hello' }] }),
      await ada.delete('/api/ai/caches/analyses'),
      await ada.delete('/api/ai/caches/personalities'),
      await ada.delete('/api/ai/caches/prompts'),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
    expect((await ada.get('/api/ai/models')).body).toEqual({ mode: 'offline', items: [] });
  });

  it('analyse a text once for the same kinds, whatever their order, and say so', async () => {
    const first = await analyse({ text: 'I love the old lighthouse!', kinds: ['sentiment', 'topics'] });
    expect(first.body).toMatchObject({
      results: {
        sentiment: { label: 'positive', score: expect.any(Number), confidence: expect.any(Number) },
        topics: { topics: expect.arrayContaining([expect.objectContaining({ topic: 'lighthouse' })]) },
      },
      cached: false,
      analysisVersion: 'offline-1',
    });
    expect(first.headers.get('cache-status')).toContain('message:analysis; fwd=miss; stored');
    const again = await analyse({ text: 'I love the old lighthouse!', kinds: ['topics', 'sentiment'] });
    expect(again.body).toEqual({ ...first.body, cached: true });
    expect(again.headers.get('cache-status')).toContain('message:analysis; hit');
    const other = await analyse({ text: 'I love the old lighthouse!', kinds: ['intent'] });
    expect(other.body).toMatchObject({ cached: false, results: { intent: { label: 'statement' } } });
    expect(Object.keys((await analyse({ text: 'Hello?' })).body.results)).toEqual([
      'sentiment',
      'intent',
      'topics',
      'safety',
    ]);
  });

  it('analyse a message of a conversation as it is now, and none that is gone', async () => {
    const conversation = await ada.converse(character.id);
    const { body: posted } = await ada.say(conversation.id, 'I hate this awful rain.', { mode: 'none' });
    const { id } = posted.message;
    const sentiment = async () =>
      expectStatus(200, await analyse({ messageId: id, kinds: ['sentiment'] })).results.sentiment?.label;
    expect(await sentiment()).toBe('negative');
    await ada.patch(`/api/conversations/${conversation.id}/messages/${id}`, { text: 'I love this rain.' });
    expect(await sentiment()).toBe('positive');
    await ada.delete(`/api/conversations/${conversation.id}/messages/${id}`);
    expect((await analyse({ messageId: id })).status).toBe(404);
  });

  it.each([
    ['neither text nor message', {}],
    ['both', { text: 'x', messageId: '018f4d2e-7a0b-7000-8000-000000000000' }],
    ['an empty text', { text: '' }],
    ['a kind that does not exist', { text: 'x', kinds: ['mood'] }],
    ['a kind twice', { text: 'x', kinds: ['topics', 'topics'] }],
  ])('refuse an analysis of %s', async (_what, body) => {
    const refused = await admin.post<Problem>('/api/ai/analyses', body);
    expect([refused.status, refused.body.code]).toEqual([400, 'validation-failed']);
  });

  it('read a personality once for the same words, and anew as soon as the character is another', async () => {
    await ada.patch(`/api/characters/${character.id}`, { personality: 'Warm and cheerful.' });
    const words = 'Welcome, dear friend! *smiles warmly* How wonderful, this will be fun!';
    const first = expectStatus(200, await read(words));
    expect(first).toMatchObject({ cached: false, consistency: 1, engineVersion: 'offline-1' });
    expect(first.traits.map(({ name }) => name)).toEqual(expect.arrayContaining(['warm', 'cheerful']));
    expect((await read(words)).body).toEqual({ ...first, cached: true });
    await ada.patch(`/api/characters/${character.id}`, { personality: 'Gloomy and blunt.' });
    expect((await read(words)).body).toMatchObject({ cached: false, consistency: 0 });
  });

  it('forget on demand: analyses, and the personalities and prompts of one character or all', async () => {
    await analyse({ text: 'forget me' });
    await read('forget me, too');
    expect([
      (await analyse({ text: 'forget me' })).body.cached,
      (await read('forget me, too')).body.cached,
    ]).toEqual([true, true]);
    expect((await admin.delete('/api/ai/caches/analyses')).status).toBe(204);
    expect((await analyse({ text: 'forget me' })).body.cached).toBe(false);
    const other = await newCharacter(ada);
    await admin.delete(`/api/ai/caches/personalities?characterId=${other.id}`);
    expect((await read('forget me, too')).body.cached).toBe(true);
    await admin.delete(`/api/ai/caches/personalities?characterId=${character.id}`);
    expect((await read('forget me, too')).body.cached).toBe(false);
    await admin.delete('/api/ai/caches/personalities');
    expect((await read('forget me, too')).body.cached).toBe(false);
  });

  it.each(['', '?characterId'])(
    'drop prompts that were changed behind the back of the service (%s)',
    async (which) => {
      const prompt = async () =>
        (await ada.get<{ greeting: string }>(`/api/characters/${character.id}/prompt`)).body.greeting;
      await prompt();
      const greeting = `changed ${which}`;
      await service.app
        .get(Database, { strict: false })
        .manager.query('UPDATE characters SET first_message = $1 WHERE id = $2', [greeting, character.id]);
      expect(await prompt()).not.toBe(greeting);
      const path = `/api/ai/caches/prompts${which && `${which}=${character.id}`}`;
      expect((await admin.delete(path)).status).toBe(204);
      expect(await prompt()).toBe(greeting);
    },
  );

  it('answer a conversation that the caller keeps, whole or as a stream, and store nothing', async () => {
    const body = {
      characterId: character.id,
      messages: [{ role: 'user', text: 'Good evening!' }],
    };
    const whole = await admin.post<{ text: string; finishReason: string; usage: object }>(
      '/api/ai/completions',
      body,
    );
    expect(whole.body).toEqual({
      text: expect.stringMatching(/\S/),
      finishReason: expect.any(String),
      usage: { promptTokens: expect.any(Number), completionTokens: expect.any(Number) },
    });
    expect(whole.headers.get('cache-control')).toBe('no-store');
    const { events } = await admin.events('/api/ai/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, reply: { mode: 'stream' } }),
    });
    const told = [];
    for await (const { event, data } of events) told.push({ event, data });
    const text = told.flatMap(({ event, data }) => (event === 'reply.delta' ? [data.text] : [])).join('');
    expect(text).toBe(whole.body.text);
    expect(told.at(-1)).toMatchObject({ event: 'reply.completed', data: { text } });
    expect(
      (await ada.get<{ items: object[] }>(`/api/conversations?characterId=${character.id}`)).body.items,
    ).toHaveLength(1);
  });
});

describe('the AI routes, with a model', () => {
  let models: ModelServer;
  let service: RunningApp;
  let admin: Api;

  beforeAll(async () => {
    models = await startModelServer();
    service = await startApp({
      AI_BASE_URL: models.url,
      AI_MODEL: 'tiny',
      AI_MODELS: 'large',
      AI_ANALYSIS_MODEL: 'judge',
    });
    admin = new Api(service.url, await adminToken((await newPerson(service.url)).user.id));
  }, START_MS);
  afterAll(async () => {
    await service.close();
    await models.stop();
  });

  const analyse = (text: string) =>
    admin.post<Analysis & Problem>('/api/ai/analyses', { text, kinds: ['sentiment'] });
  const judged = (label: string) => JSON.stringify({ sentiment: { label, score: 0.9, confidence: 0.8 } });

  it('list the models, the default one first', async () => {
    expect((await admin.get('/api/ai/models')).body).toMatchObject({
      mode: 'url',
      items: [
        { id: 'tiny', isDefault: true, contextWindow: expect.any(Number) },
        { id: 'large', isDefault: false },
      ],
    });
  });

  it('ask the model once for a text, and take its judgement in exactly the form that was asked for', async () => {
    models.script(judged('positive'));
    expect((await analyse('Nice day')).body).toMatchObject({
      results: { sentiment: { label: 'positive', score: 0.9 } },
      analysisVersion: 'model-1:judge',
      cached: false,
    });
    expect(models.requests.at(-1)).toMatchObject({ model: 'judge', temperature: 0 });
    const asked = models.asked.length;
    expect((await analyse('Nice day')).body).toMatchObject({ cached: true });
    expect(models.asked).toHaveLength(asked);
  });

  it.each([
    ['a label that was not offered', judged('splendid')],
    ['a score beyond the scale', judged('positive').replace('0.9', '9')],
    ['a kind that is missing', '{}'],
    ['no JSON', 'I think it is positive.'],
  ])('answer 502 to %s, and do not keep it', async (what, answer) => {
    models.script(answer);
    const failed = await analyse(what);
    expect([failed.status, failed.body.code]).toEqual([502, 'upstream-failed']);
    models.script(judged('neutral'));
    expect((await analyse(what)).body).toMatchObject({ cached: false });
  });

  it('take JSON out of a fence, which many models put around it', async () => {
    models.script(`\`\`\`json\n${judged('mixed')}\n\`\`\``);
    expect((await analyse('fenced')).body.results.sentiment?.label).toBe('mixed');
  });
});
