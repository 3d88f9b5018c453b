import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { platformErrors } from '../../../src/platform/errors/platform.errors.js';
import { SseConnections } from '../../../src/platform/http/sse-connections.js';
import { UsageService } from '../../../src/usage/usage.service.js';
import { newCharacter, newPerson, type Character, type Person } from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { startModelServer, type ModelServer } from '../../support/model-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { START_MS } from '../../support/service.js';
import { adminToken } from '../../support/tokens.js';

interface Key {
  id: string;
  secret: string;
}

async function keyOf(person: Person, scopes: string[] = ['chat']): Promise<Key> {
  const { body } = await person.post<Key>('/api/auth/api-keys', { name: 'openai client', scopes });
  return body;
}

const clientOf = (url: string, apiKey: string): OpenAI =>
  new OpenAI({ baseURL: `${url}/openai/v1`, apiKey, maxRetries: 0, timeout: 20_000 });

describe('the official client of OpenAI', () => {
  let models: ModelServer;
  let service: RunningApp;
  let ada: Person;
  let character: Character;
  let client: OpenAI;
  let model: string;

  beforeAll(async () => {
    models = await startModelServer();
    service = await startApp({ AI_BASE_URL: models.url, AI_MODEL: 'tiny', USAGE_FREE_TEXT_PER_DAY: '25' });
    ada = await newPerson(service.url);
    character = await newCharacter(ada);
    client = clientOf(service.url, (await keyOf(ada)).secret);
    model = `character:${character.id}`;
  }, START_MS);
  afterAll(async () => {
    await service.close();
    await models.stop();
  });

  const ask = (content: string, more: object = {}) =>
    client.chat.completions.create({ model, messages: [{ role: 'user', content }], ...more });
  const failure = async (request: Promise<unknown>): Promise<APIError> => {
    const error = await request.then(
      () => new Error('it succeeded'),
      (thrown: unknown) => thrown,
    );
    if (error instanceof APIError) return error;
    throw error;
  };

  it('gets a reply in one piece, with its usage, and is charged one text message', async () => {
    const before = await ada.usageOf(character.id);
    const completion = await ask('Hello there');
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: expect.stringContaining('Hello there') },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 50, completion_tokens: expect.any(Number) },
    });
    expect(await ada.usageOf(character.id)).toMatchObject({ used: before.used + 1, reserved: 0 });
  });

  it('gets the same reply as a stream of chunks that begins with the role and ends with the usage', async () => {
    const whole = await ask('Stream this');
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Stream this' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant' });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 50 } });
  });

  it('asks the model again for a prompt that it has answered before', async () => {
    const asked = models.asked.length;
    await ask('Twice, please');
    await ask('Twice, please');
    expect(models.asked.slice(asked)).toEqual(['Twice, please', 'Twice, please']);
  });

  it('sees the character’s instructions in front of its own, and the conversation as it sent it', async () => {
    await client.chat.completions.create({
      model,
      messages: [
        { role: 'developer', content: 'Speak in riddles.' },
        { role: 'user', content: [{ type: 'text', text: 'first' }] },
        { role: 'assistant', content: 'answer' },
        { role: 'user', content: 'second' },
      ],
      max_completion_tokens: 77,
      temperature: 0.5,
      seed: 4,
      top_p: 0.9,
      presence_penalty: 1,
      user: 'somebody',
    });
    const request = models.requests.at(-1) as { messages: { role: string; content: string }[] };
    expect(request).toMatchObject({ max_tokens: 77, temperature: 0.5, seed: 4, model: 'tiny' });
    const [system, ...talk] = request.messages;
    expect(system?.content).toMatch(/You are Ada[^]*Speak in riddles\./);
    expect(talk.filter(({ role }) => role !== 'system').map(({ content }) => content)).toEqual([
      'first',
      'answer',
      'second',
    ]);
  });

  it('ends a reply before a stop sequence, and lets go of the model there', async () => {
    const { choices } = await ask('Stop me at length', { stop: ['word 3'] });
    expect(choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'word 0 word 1 word 2 ' },
    });
    await eventually('the model to be let go of', () => Promise.resolve(models.open === 0 || undefined));
  });

  it('lists characters as models, and reads one', async () => {
    const listed = [];
    for await (const each of client.models.list()) listed.push(each);
    expect(listed).toContainEqual(
      expect.objectContaining({ id: model, object: 'model', owned_by: ada.user.id }),
    );
    expect(listed.every(({ id }) => id.startsWith('character:'))).toBe(true);
    expect(await client.models.retrieve(model)).toMatchObject({ id: model, object: 'model' });
  });

  it('may use the bare models only for an administrator, whom nothing is counted for', async () => {
    expect(await failure(ask('Hello', { model: 'tiny' }))).toBeInstanceOf(NotFoundError);
    const admin = clientOf(service.url, await adminToken(ada.user.id));
    const listed = [];
    for await (const { id } of admin.models.list()) listed.push(id);
    expect(listed).toContain('tiny');
    const reply = await admin.chat.completions.create({
      model: 'tiny',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'bare' },
      ],
    });
    expect(reply.choices[0]?.message.content).toContain('bare');
    expect(models.requests.at(-1)).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'bare' },
      ],
    });
  });

  describe('is told what went wrong in the form that it knows', () => {
    it('401 for a key that is none, or that was deleted', async () => {
      const deleted = await keyOf(ada);
      const stranger = clientOf(service.url, deleted.secret);
      expect((await stranger.models.list()).data.length).toBeGreaterThan(0);
      await ada.delete(`/api/auth/api-keys/${deleted.id}`);
      for (const key of [deleted.secret, 'sk-nobody', 'rpt_nobody']) {
        const error = await failure(clientOf(service.url, key).models.list());
        expect(error).toBeInstanceOf(AuthenticationError);
        expect(error).toMatchObject({ code: 'invalid_api_key', type: 'authentication_error' });
        expect(error.requestID).toBeTruthy();
      }
    });

    it('403 for a key whose scopes do not reach', async () => {
      const reader = clientOf(service.url, (await keyOf(ada, ['read'])).secret);
      expect((await reader.models.list()).data.length).toBeGreaterThan(0);
      const error = await failure(
        reader.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }] }),
      );
      expect(error).toMatchObject({ status: 403, code: 'insufficient_permissions' });
    });

    it('404 for a model that does not exist, and for somebody else’s private character', async () => {
      const bob = await newPerson(service.url);
      const hidden = await bob.post<Character>('/api/characters', { name: 'Hidden', visibility: 'private' });
      for (const id of ['gpt-4o', 'character:nobody', `character:${hidden.body.id}`]) {
        const error = await failure(ask('Hello', { model: id }));
        expect(error).toBeInstanceOf(NotFoundError);
        expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
      }
    });

    it.each<[what: string, more: object, param: string, code: string | null]>([
      ['no messages', { messages: [] }, 'messages', null],
      [
        'a role that does not exist',
        { messages: [{ role: 'king', content: 'x' }] },
        'messages[0].role',
        null,
      ],
      [
        'a picture',
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
        'messages[0].content[0].type',
        'unsupported_parameter',
      ],
      ['a temperature beyond the scale', { temperature: 3 }, 'temperature', null],
      ['several choices', { n: 2 }, 'n', 'unsupported_parameter'],
      ['tools', { tools: [{ type: 'function' }] }, 'tools', 'unsupported_parameter'],
      [
        'JSON output',
        { response_format: { type: 'json_object' } },
        'response_format',
        'unsupported_parameter',
      ],
      ['probabilities', { logprobs: true }, 'logprobs', 'unsupported_parameter'],
      [
        'usage of a reply that does not stream',
        { stream_options: { include_usage: true } },
        'stream_options',
        null,
      ],
    ])('400 for %s', async (_what, more, param, code) => {
      const error = await failure(ask('Hello', more));
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error).toMatchObject({ type: 'invalid_request_error', param, code });
    });

    it('400 for messages that do not fit, and nothing is charged', async () => {
      const before = await ada.usageOf(character.id);
      const error = await failure(ask('word '.repeat(9_000)));
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error).toMatchObject({ code: 'context_length_exceeded' });
      expect(await ada.usageOf(character.id)).toEqual(before);
    });

    it('429 once the day is used up, and does not ask again by itself', async () => {
      const eve = await newPerson(service.url);
      const own = await newCharacter(eve);
      const patient = new OpenAI({
        baseURL: `${service.url}/openai/v1`,
        apiKey: (await keyOf(eve)).secret,
        maxRetries: 2,
      });
      const send = () =>
        patient.chat.completions.create({
          model: `character:${own.id}`,
          messages: [{ role: 'user', content: 'Hello' }],
        });
      await Promise.all(Array.from({ length: 25 }, send));
      const asked = models.asked.length;
      const error = await failure(send());
      expect(models.asked).toHaveLength(asked);
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ code: 'insufficient_quota' });
      expect(error.headers?.get('ratelimit')).toContain('"text-daily";r=0');
    });

    it.each([
      ['a path that does not exist', 'POST', '/openai/v1/embeddings', '{}', 404, 'unknown_url'],
      [
        'a method that it does not have',
        'GET',
        '/openai/v1/chat/completions',
        undefined,
        405,
        'method_not_allowed',
      ],
      ['a body that is no JSON', 'POST', '/openai/v1/chat/completions', '{', 400, null],
      [
        'a body that is too large',
        'POST',
        '/openai/v1/chat/completions',
        `"${'x'.repeat(1_100_000)}"`,
        413,
        'payload_too_large',
      ],
    ])('also for %s', async (_what, method, path, body, status, code) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await ada.fetch(path, { method, body, ...(body === undefined ? {} : { headers }) });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-request-id')).toBeTruthy();
      expect(await answer.json()).toEqual({
        error: { message: expect.any(String), type: 'invalid_request_error', param: null, code },
      });
    });
  });

  describe('when the model fails', () => {
    it('before its first word: an error with a status, streaming or not, and nothing is charged', async () => {
      const before = await ada.usageOf(character.id);
      for (const stream of [false, true]) {
        const error = await failure(ask('refuse', { stream }));
        expect(error).toMatchObject({ status: 502, code: 'upstream_failed', type: 'server_error' });
      }
      expect(await ada.usageOf(character.id)).toEqual(before);
    });

    it('after it: what was said, then an error in the stream, and it is charged once', async () => {
      const before = await ada.usageOf(character.id);
      const said: string[] = [];
      const stream = await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'hang up' }],
        stream: true,
      });
      const error = await failure(
        (async () => {
          for await (const { choices } of stream) said.push(choices[0]?.delta.content ?? '');
        })(),
      );
      expect(said.join('')).toBe('You said: hang up');
      expect(error).toMatchObject({ code: 'upstream_failed' });
      expect(await ada.usageOf(character.id)).toMatchObject({ used: before.used + 1, reserved: 0 });
    });

    it('after it, in one piece: an error that is not to be repeated, for it was charged', async () => {
      const before = await ada.usageOf(character.id);
      const patient = new OpenAI({ baseURL: client.baseURL, apiKey: client.apiKey, maxRetries: 2 });
      const asked = models.asked.length;
      const messages = [{ role: 'user' as const, content: 'hang up' }];
      const error = await failure(patient.chat.completions.create({ model, messages }));
      expect(error).toMatchObject({ status: 502, code: 'upstream_failed' });
      expect(models.asked).toHaveLength(asked + 1);
      expect(await ada.usageOf(character.id)).toMatchObject({ used: before.used + 1, reserved: 0 });
    });

    it('to find a reader: a reply whose stream is refused after the charge is over, and not to be repeated', async () => {
      const streams = service.app.get(SseConnections, { strict: false });
      const noted = jest.spyOn(service.app.get(UsageService, { strict: false }), 'meter');
      const refused = jest.spyOn(streams, 'stream');
      refused.mockRejectedValueOnce(platformErrors['rate-limited']('Too many streams.'));
      const error = await failure(ask('Unheard', { stream: true }));
      expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
      expect(error.headers?.get('x-should-retry')).toBe('false');
      refused.mockRestore();
      await eventually('its tokens to be noted', () => Promise.resolve(noted.mock.calls[0]));
      noted.mockRestore();
    });

    it('nobody waits for it: a client that leaves closes the connection to the model, before or in the reply', async () => {
      const before = await ada.usageOf(character.id);
      const waiting = new AbortController();
      const leaving = failure(
        client.chat.completions.create(
          { model, messages: [{ role: 'user', content: 'say nothing' }] },
          { signal: waiting.signal },
        ),
      );
      await eventually('the model to be asked', () => Promise.resolve(models.open === 1 || undefined));
      waiting.abort();
      await leaving;
      await eventually('the model to be let go of', () => Promise.resolve(models.open === 0 || undefined));
      const stream = await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'at length' }],
        stream: true,
      });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
      await eventually('the model to be let go of', () => Promise.resolve(models.open === 0 || undefined));
      await eventually('the quota to be right', async () => {
        const { used, reserved } = await ada.usageOf(character.id);
        return (used === before.used + 1 && reserved === 0) || undefined;
      });
    });
  });
});
