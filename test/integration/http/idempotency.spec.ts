import { Body, Controller, Injectable, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { platformErrors } from '../../../src/platform/errors/platform.errors.js';
import { Versioned } from '../../../src/platform/http/versioned.interceptor.js';
import { IdempotencyKeysRepository } from '../../../src/platform/idempotency/idempotency-keys.repository.js';
import { IdempotencySweep } from '../../../src/platform/idempotency/idempotency.sweep.js';
import { Idempotent } from '../../../src/platform/idempotency/idempotent.decorator.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

@Injectable()
class Effects {
  count = 0;
  /** What the next effect waits for. */
  gate: Promise<void> = Promise.resolve();
  fail?: Error;
}

@Controller('orders')
class OrdersController {
  constructor(private readonly effects: Effects) {}

  @Post()
  @Idempotent()
  @Versioned()
  async create(@Body() body: object, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const number = ++this.effects.count;
    await this.effects.gate;
    if (this.effects.fail) throw this.effects.fail;
    reply.header('location', `/orders/${number}`);
    return { number, version: 1, body };
  }

  @Post('silent')
  @Idempotent()
  silent(): void {
    this.effects.count++;
  }
}

interface Answer {
  status: number;
  body: string;
  headers: Headers;
}

describe.each(['embedded', 'postgres'] as const)('Idempotency-Key on %s', (on) => {
  let db: TestDatabase;
  let http: HttpTestApp;
  let effects: Effects;
  let key = '';
  let serial = 0;
  beforeAll(async () => {
    db = await createTestDatabase({ on });
    http = await startHttpApp({
      controllers: [OrdersController],
      providers: [Effects],
      database: db.database,
    });
    effects = http.app.get(Effects);
  });
  afterAll(async () => {
    await http.close();
    await db.close();
  });
  beforeEach(() => {
    key = `key-${++serial}`;
    Object.assign(effects, { count: 0, gate: Promise.resolve(), fail: undefined });
  });

  const post = async (
    body: string,
    headers: Record<string, string> = { 'idempotency-key': key },
    path = '/orders',
  ): Promise<Answer> => {
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
    const response = await http.fetch(path, init);
    return { status: response.status, body: await response.text(), headers: response.headers };
  };
  const codeOf = ({ body }: Answer): string => (JSON.parse(body) as { code: string }).code;
  const sql = async (statement: string): Promise<void> => void (await db.database.manager.query(statement));
  const within = async (ms: number, condition: () => boolean): Promise<void> => {
    for (const end = Date.now() + ms; !condition();) {
      if (Date.now() > end) throw new Error('The condition was not met in time.');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('acts once and repeats status, body and headers', async () => {
    const first = await post('{"a":1,"b":[2]}');
    const again = await post('{ "b": [2], "a": 1 }');
    expect(effects.count).toBe(1);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    for (const name of ['location', 'etag', 'content-type']) {
      expect(first.headers.get(name)).toBeTruthy();
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
  });

  it('is not required', async () => {
    await post('{}', {});
    await post('{}', {});
    expect(effects.count).toBe(2);
  });

  it('repeats an answer without a body', async () => {
    await post('{}', { 'idempotency-key': key }, '/orders/silent');
    const again = await post('{}', { 'idempotency-key': key }, '/orders/silent');
    expect([effects.count, again.status, again.body]).toEqual([1, 201, '']);
  });

  it('takes the quoted and the bare form of a key as the same', async () => {
    await post('{}', { 'idempotency-key': key });
    expect((await post('{}', { 'idempotency-key': `"${key}"` })).headers.get('idempotency-replayed')).toBe(
      'true',
    );
  });

  it.each(['', '"open', 'two keys', 'a, b', `"${'x'.repeat(256)}"`, 'é'])(
    'refuses the key <%s>',
    async (bad) => {
      expect((await post('{}', { 'idempotency-key': bad })).status).toBe(400);
      expect(effects.count).toBe(0);
    },
  );

  it('refuses the same key for another body', async () => {
    await post('{"a":1}');
    const other = await post('{"a":2}');
    expect([other.status, codeOf(other), effects.count]).toEqual([422, 'idempotency-key-reused', 1]);
  });

  it('keeps callers and paths apart', async () => {
    for (const actor of ['u1', 'u2']) await post('{}', { 'idempotency-key': key, 'x-actor': actor });
    await post('{}', { 'idempotency-key': key, 'x-actor': 'u1' }, '/orders/silent');
    expect(effects.count).toBe(3);
  });

  it('lets exactly one of many simultaneous requests act', async () => {
    let open = (): void => undefined;
    effects.gate = new Promise((resolve) => (open = resolve));
    const answered: Answer[] = [];
    const all = Array.from({ length: 20 }, async () => {
      const answer = await post('{}');
      answered.push(answer);
      return answer;
    });
    await within(25_000, () => answered.length === 19);
    open();
    const statuses = (await Promise.all(all)).map(({ status }) => status).sort();
    expect(effects.count).toBe(1);
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    const refusal = answered.find(({ status }) => status === 409);
    expect(refusal && codeOf(refusal)).toBe('request-in-progress');
    expect(refusal?.headers.get('retry-after')).toBe('1');
  });

  it('repeats a refusal of the request itself', async () => {
    effects.fail = platformErrors.conflict('Taken.');
    const first = await post('{}');
    effects.fail = undefined;
    const again = await post('{}');
    expect([again.status, again.body, effects.count]).toEqual([409, first.body, 1]);
    expect(again.headers.get('content-type')).toMatch(/problem\+json/);
  });

  it.each([
    ['an internal fault', new Error('broken')],
    ['a rate limit', platformErrors['rate-limited']('Slow down.')],
    ['missing authentication', platformErrors.unauthenticated('Sign in.')],
  ])('does not keep %s', async (_case, error) => {
    effects.fail = error;
    expect((await post('{}')).status).toBeGreaterThan(400);
    effects.fail = undefined;
    expect([(await post('{}')).status, effects.count]).toEqual([201, 2]);
  });

  it('lets a retry take over when the process that held the key died, and nobody before', async () => {
    const keys = http.app.get(IdempotencyKeysRepository);
    const identity = { principal: 'p', method: 'POST', path: '/x', key };
    const dead = await keys.claim(identity, 'f');
    expect(await keys.claim(identity, 'f')).toEqual({ outcome: 'in-progress' });
    await sql(`UPDATE idempotency_keys SET locked_until = now() - interval '1 second' WHERE principal = 'p'`);
    const next = await keys.claim(identity, 'f');
    expect([dead.outcome, next.outcome]).toEqual(['claimed', 'claimed']);
    // What the first holder still reports is void.
    if (dead.outcome !== 'claimed' || next.outcome !== 'claimed') throw new Error('unreachable');
    await keys.complete(dead.claim, { status: 201, headers: {}, body: '"late"' });
    expect(await keys.renew(dead.claim)).toBeUndefined();
    expect(await keys.claim(identity, 'f')).toEqual({ outcome: 'in-progress' });
    const renewed = await keys.renew(next.claim);
    await keys.complete(renewed!, { status: 201, headers: { etag: '"1"' }, body: '"first"' });
    const answer = { status: 201, headers: { etag: '"1"' }, body: '"first"' };
    expect(await keys.claim(identity, 'f')).toEqual({ outcome: 'done', answer });
  });

  it('forgets keys after a day, and the sweep removes them', async () => {
    await post('{}');
    await sql(`UPDATE idempotency_keys SET expires_at = now() - interval '1 second'`);
    expect((await post('{}')).headers.get('idempotency-replayed')).toBeNull();
    await sql(`UPDATE idempotency_keys SET expires_at = now() - interval '1 second'`);
    await http.app.get(IdempotencySweep).sweep();
    expect(await db.database.manager.query('SELECT key FROM idempotency_keys')).toEqual([]);
  });

  it('refuses a document nested beyond reason instead of overflowing', async () => {
    expect((await post(`${'['.repeat(5000)}${']'.repeat(5000)}`)).status).toBe(400);
  });
});
