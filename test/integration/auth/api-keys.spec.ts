import { createHash } from 'node:crypto';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiKeysRepository } from '../../../src/auth/api-keys/api-keys.repository.js';
import { AdminOnly, CurrentActor } from '../../../src/platform/actor/actor.decorators.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { AcceptsKeys } from '../../../src/platform/actor/key-scopes.js';
import { redact } from '../../../src/platform/logging/redact.js';
import { eventually } from '../../support/eventually.js';
import { testServers } from '../../support/test-servers.js';
import { SECRET, startApi, tally, type ApiHarness, type Answer } from './api-harness.js';
import { forgeToken } from '../../support/tokens.js';

@Controller('probe')
class ProbeController {
  @Get()
  read(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Post()
  @HttpCode(200)
  write(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Post('chat')
  @HttpCode(200)
  @AcceptsKeys('chat')
  chat(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Get('admin')
  @AdminOnly()
  admin(@CurrentActor() actor: Actor): Actor {
    return actor;
  }
}

interface Key {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  secret?: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

interface Problem {
  code: string;
  errors?: { pointer: string }[];
}

describe.each(['memory', 'redis'] as const)('personal API keys, cached in %s', (where) => {
  let api: ApiHarness;
  let ann: { id: string; accessToken: string };
  let bob: { id: string; accessToken: string };

  beforeAll(async () => {
    const redisUrl = where === 'redis' ? await testServers.redisUrl() : undefined;
    api = await startApi({ controllers: [ProbeController], redisUrl });
    [ann, bob] = await Promise.all([api.register('ann'), api.register('bob')]);
  });
  afterAll(() => api.close());

  const make = async (body: object = {}, token = ann.accessToken): Promise<Required<Key>> => {
    const answer = await api.call<Required<Key>>('POST', '/auth/api-keys', {
      token,
      body: { name: 'my program', scopes: ['read'], ...body },
    });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const use = (secret: string, method = 'GET', path = '/probe'): Promise<Answer<Problem & Actor>> =>
    api.call<Problem & Actor>(method, path, { token: secret });
  const drop = (id: string, token = ann.accessToken) => api.call('DELETE', `/auth/api-keys/${id}`, { token });

  it('tell their secret once: neither the list nor the database nor a repeated request has it', async () => {
    const request = {
      token: ann.accessToken,
      body: { name: 'once', scopes: ['read'] },
      headers: { 'idempotency-key': crypto.randomUUID() },
    };
    const first = await api.call<Required<Key>>('POST', '/auth/api-keys', request);
    expect(first.status).toBe(201);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.body.secret).toMatch(/^rpt_[0-9a-f]{16}_[\w-]{43}$/);
    expect(first.body.secret.startsWith(first.body.prefix)).toBe(true);
    const again = await api.call<Key>('POST', '/auth/api-keys', request);
    expect(again.body).toMatchObject({ id: first.body.id });
    expect(again.body.secret).toBeUndefined();
    const list = await api.call<{ items: Key[] }>('GET', '/auth/api-keys', { token: ann.accessToken });
    expect(list.body.items.filter(({ id }) => id === first.body.id)).toHaveLength(1);
    const rows = async (sql: string): Promise<string> =>
      JSON.stringify(await api.database.manager.query<unknown>(sql));
    const stored = [
      JSON.stringify(list.body),
      await rows(`SELECT id, name, prefix, encode(secret_hash, 'hex') AS hash FROM api_keys`),
      await rows('SELECT * FROM idempotency_keys'),
    ].join('\n');
    expect(stored).not.toContain(first.body.secret.slice(-43));
    expect(stored).toContain(createHash('sha256').update(first.body.secret).digest('hex'));
  });

  it('speak for their owner, where their scopes reach', async () => {
    const read = await make({ scopes: ['read'] });
    const chat = await make({ scopes: ['chat'] });
    expect((await use(read.secret)).body).toEqual({ id: ann.id, role: 'user' });
    expect((await use(chat.secret, 'POST', '/probe/chat')).body).toEqual({ id: ann.id, role: 'user' });
    const refused = [
      await use(read.secret, 'POST'),
      await use(read.secret, 'POST', '/probe/chat'),
      await use(chat.secret),
      await use(chat.secret, 'POST'),
      await use(read.secret, 'GET', '/probe/admin'),
      await use(read.secret, 'GET', '/auth/api-keys'),
      await use(read.secret, 'POST', '/auth/api-keys'),
      await use(read.secret, 'DELETE', `/auth/api-keys/${read.id}`),
    ];
    expect(tally(refused)).toEqual({ 403: refused.length });
    expect(refused[0]?.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope"');
  });

  it('of an administrator are a user’s, unless they have the scope for more', async () => {
    await api.database.manager.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [bob.id]);
    const token = await forgeToken({ subject: bob.id, role: 'admin', secret: SECRET });
    const plain = await make({ scopes: ['read'] }, token);
    const internal = await make({ scopes: ['internal'] }, token);
    expect((await use(plain.secret)).body).toEqual({ id: bob.id, role: 'user' });
    expect((await use(plain.secret, 'GET', '/probe/admin')).status).toBe(403);
    expect((await use(internal.secret, 'GET', '/probe/admin')).body).toEqual({ id: bob.id, role: 'admin' });
    const refused = await api.call<Problem>('POST', '/auth/api-keys', {
      token: ann.accessToken,
      body: { name: 'x', scopes: ['internal'] },
    });
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  });

  it('open nothing from the moment they are deleted, cached or not, and only their owner deletes them', async () => {
    const key = await make();
    expect((await use(key.secret)).status).toBe(200);
    expect((await drop(key.id, bob.accessToken)).status).toBe(404);
    expect((await use(key.secret)).status).toBe(200);
    expect((await drop(key.id)).status).toBe(204);
    const refused = await use(key.secret);
    expect([refused.status, refused.body.code]).toEqual([401, 'unauthenticated']);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect((await drop(key.id)).status).toBe(404);
  });

  it('are deleted together with what is remembered of them, or not at all', async () => {
    const key = await make();
    await use(key.secret);
    const deleting = jest.spyOn(api.app.get(ApiKeysRepository), 'remove');
    let inTransaction: boolean | undefined;
    deleting.mockImplementationOnce(() => {
      ({ inTransaction } = api.database);
      return Promise.reject(new Error('The process dies.'));
    });
    expect((await drop(key.id)).status).toBe(500);
    deleting.mockRestore();
    expect(inTransaction).toBe(true);
    expect((await use(key.secret)).status).toBe(200);
  });

  it('end when they say', async () => {
    const key = await make({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect((await use(key.secret)).status).toBe(200);
    const past = await make({ expiresAt: new Date(Date.now() + 1_000).toISOString() });
    await eventually('the end of the key', async () => (await use(past.secret)).status === 401 || undefined);
  });

  it.each([
    ['no name', { scopes: ['read'] }, '#/name'],
    ['a blank name', { name: '  ', scopes: ['read'] }, '#/name'],
    ['no scopes', { name: 'x', scopes: [] }, '#/scopes'],
    ['a scope that does not exist', { name: 'x', scopes: ['everything'] }, '#/scopes'],
    ['a day instead of a moment', { name: 'x', scopes: ['read'], expiresAt: '2999-01-01' }, '#/expiresAt'],
    ['the day of a week', { name: 'x', scopes: ['read'], expiresAt: '2999-W05-1T12:00:00Z' }, '#/expiresAt'],
    ['the day of a year', { name: 'x', scopes: ['read'], expiresAt: '2999-031T12:00:00Z' }, '#/expiresAt'],
    ['an end in the past', { name: 'x', scopes: ['read'], expiresAt: '2020-01-01T00:00:00Z' }, '#/expiresAt'],
  ])('are refused with %s', async (_what, body, pointer) => {
    const refused = await api.call<Problem>('POST', '/auth/api-keys', { token: ann.accessToken, body });
    expect([refused.status, refused.body.code]).toEqual([400, 'validation-failed']);
    expect(refused.body.errors?.map((error) => error.pointer)).toContain(pointer);
  });

  it('are believed only whole: nothing but the key itself opens', async () => {
    const { secret } = await make();
    const forged = [
      secret.slice(0, -1),
      `${secret}A`,
      `${secret.slice(0, -2)}${secret.endsWith('AA') ? 'BB' : 'AA'}`,
      `rpt_${'0'.repeat(16)}_${secret.slice(-43)}`,
      'rpt_',
    ];
    for (const key of forged) expect((await use(key)).status).toBe(401);
  });

  it('tell the hour of their last use', async () => {
    const key = await make();
    expect(key.lastUsedAt).toBeNull();
    await use(key.secret);
    const used = await eventually('the use to be noted', async () => {
      const { body } = await api.call<{ items: Key[] }>('GET', '/auth/api-keys', { token: ann.accessToken });
      return body.items.find(({ id }) => id === key.id)?.lastUsedAt ?? undefined;
    });
    expect(used).toMatch(/:00:00\.000Z$/);
  });

  it('are fifty at most, also when they are asked for at once', async () => {
    const carl = await api.register('carl');
    const ask = () =>
      api.call('POST', '/auth/api-keys', {
        token: carl.accessToken,
        body: { name: 'x', scopes: ['read'] },
      });
    expect(tally(await Promise.all(Array.from({ length: 53 }, ask)))).toEqual({ 201: 50, 409: 3 });
  });

  it('go with their owner', async () => {
    const dora = await api.register('dora');
    const key = await make({}, dora.accessToken);
    await api.database.manager.query('DELETE FROM users WHERE id = $1', [dora.id]);
    expect((await use(key.secret)).status).toBe(401);
  });

  it('are blanked wherever they get into a log line', async () => {
    const { secret } = await make();
    expect(
      JSON.stringify(redact({ msg: `refused ${secret}`, headers: { authorization: secret } })),
    ).not.toContain(secret.slice(-43));
  });
});
