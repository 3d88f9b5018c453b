import { randomUUID } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AuthGuard } from '../../../src/auth/auth.guard.js';
import { ApiKeysService } from '../../../src/auth/api-keys/api-keys.service.js';
import { TokensService } from '../../../src/auth/tokens.service.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { configureHttp } from '../../../src/platform/http/configure-http.js';
import { createHttpAdapter } from '../../../src/platform/http/http-adapter.js';
import { HttpPlatformModule } from '../../../src/platform/http/http-platform.module.js';
import { ServerSettings } from '../../../src/platform/http/server.settings.js';
import { ReservationsController } from '../../../src/usage/reservations.controller.js';
import { StatisticsController } from '../../../src/usage/statistics/statistics.controller.js';
import { UsageController } from '../../../src/usage/usage.controller.js';
import { ObservedModule } from '../../support/observed.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { USAGE_ENTITIES, usageParts } from './usage-harness.js';

/** Tokens of this test are `<role>.<user id>`. */
const tokens = {
  verify: (token: string) => {
    const [role, id] = token.split('.');
    return Promise.resolve({ actor: { role, id } as Actor, expiresAt: new Date(8.64e15) });
  },
};

const as = (actor: Actor) => ({ authorization: `Bearer ${actor.role}.${actor.id}` });

describe('usage over HTTP', () => {
  let db: TestDatabase;
  let app: NestFastifyApplication;
  let parts: ReturnType<typeof usageParts>;
  const admin: Actor = { id: randomUUID(), role: 'admin' };
  let user: Actor;
  let characterId: string;

  beforeAll(async () => {
    db = await createTestDatabase({ entities: USAGE_ENTITIES });
    parts = usageParts(db.database);
    const settings = new ServerSettings();
    const shared = [
      ...parts.providers,
      { provide: ServerSettings, useValue: settings },
      { provide: TokensService, useValue: tokens },
      { provide: ApiKeysService, useValue: {} },
    ];
    @Global()
    @Module({ providers: shared, exports: shared })
    class SharedModule {}
    @Module({
      imports: [parts.cache, SharedModule, ObservedModule, HttpPlatformModule],
      controllers: [UsageController, ReservationsController, StatisticsController],
      providers: [{ provide: APP_GUARD, useClass: AuthGuard }],
    })
    class UsageHttpTestModule {}
    const module = await Test.createTestingModule({ imports: [UsageHttpTestModule] }).compile();
    app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(settings), {
      logger: false,
    });
    configureHttp(app);
    app.setGlobalPrefix('api');
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(async () => {
    await app.close();
    await db.close();
  });

  beforeEach(() => {
    user = { id: randomUUID(), role: 'user' };
    characterId = randomUUID();
    parts.clock.set('2026-11-20T12:00:00.000Z');
  });

  const get = (url: string, actor: Actor) => app.inject({ method: 'GET', url, headers: as(actor) });
  const post = (url: string, actor: Actor, payload?: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, headers: { ...as(actor), ...headers }, payload });
  const reserve = (input: object = {}, headers?: Record<string, string>) =>
    post('/api/usage/reservations', admin, { userId: user.id, characterId, kind: 'text', ...input }, headers);

  it('shows what the caller may still send to a character, with an ETag', async () => {
    await reserve({ quantity: 2 });
    const response = await get(`/api/usage/characters/${characterId}`, user);
    expect(response.statusCode).toBe(200);
    expect(response.headers.etag).toMatch(/^"/);
    expect(response.json()).toEqual({
      tier: 'free',
      day: '2026-11-20',
      timezone: 'UTC',
      resetsAt: '2026-11-21T00:00:00.000Z',
      counters: {
        text: { used: 0, reserved: 2, limit: 30, remaining: 28 },
        audio: { used: 0, reserved: 0, limit: 5, remaining: 5 },
        media: { used: 0, reserved: 0, limit: 5, remaining: 5 },
      },
    });
  });

  it('shows another user none of it', async () => {
    await reserve({ quantity: 2 });
    const stranger: Actor = { id: randomUUID(), role: 'user' };
    const counters = (await get(`/api/usage/characters/${characterId}`, stranger)).json<{
      counters: object;
    }>();
    expect(counters.counters).toMatchObject({ text: { used: 0, reserved: 0 } });
    expect((await get('/api/auth/usage', stranger)).json()).toMatchObject({ characters: [] });
  });

  it('lists all of the caller’s counters for today', async () => {
    await reserve();
    await reserve({ kind: 'audio' });
    const response = await get('/api/auth/usage', user);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      tier: 'free',
      day: '2026-11-20',
      timezone: 'UTC',
      resetsAt: '2026-11-21T00:00:00.000Z',
      characters: [
        { characterId, counters: { text: { reserved: 1, remaining: 29 }, audio: { remaining: 4 } } },
      ],
      totals: {
        text: { used: 0, reserved: 1 },
        audio: { used: 0, reserved: 1 },
        media: { used: 0, reserved: 0 },
      },
    });
  });

  it('is closed to anonymous callers, and reservations to users', async () => {
    expect((await app.inject({ url: '/api/auth/usage' })).statusCode).toBe(401);
    expect((await app.inject({ url: `/api/usage/characters/${characterId}` })).statusCode).toBe(401);
    for (const path of ['', `/${randomUUID()}/commit`, `/${randomUUID()}/release`]) {
      const response = await post(`/api/usage/reservations${path}`, user, { characterId, kind: 'text' });
      expect(response.statusCode).toBe(403);
    }
  });

  it('reserves, charges once per event and refuses to give back what was charged', async () => {
    const reserved = await reserve();
    expect(reserved.statusCode).toBe(201);
    const { reservationId, ...rest } = reserved.json<{ reservationId: string }>();
    expect(rest).toEqual({ expiresAt: '2026-11-20T12:05:00.000Z', remaining: 29 });
    expect(reserved.headers.ratelimit).toContain('"text-daily";r=29;t=43200');
    expect(reserved.headers['ratelimit-policy']).toContain('"text-daily";q=30;w=86400;qu="messages"');

    const url = `/api/usage/reservations/${reservationId}`;
    for (let time = 0; time < 2; time++) {
      const charged = await post(`${url}/commit`, admin, { eventId: 'message-1', tokens: 12 });
      expect(charged.statusCode).toBe(200);
      expect(charged.json()).toEqual({ reservationId, eventId: 'message-1' });
    }
    const again = await post(`${url}/commit`, admin, { eventId: 'message-2' });
    expect([again.statusCode, again.json<{ code: string }>().code]).toEqual([409, 'already-settled']);
    expect((await post(`${url}/release`, admin)).statusCode).toBe(409);
    expect(
      await get(`/api/usage/characters/${characterId}`, user).then((response) => response.json()),
    ).toMatchObject({
      counters: { text: { used: 1, reserved: 0 } },
    });
  });

  it('gives back with 204, however often', async () => {
    const { reservationId } = (await reserve()).json<{ reservationId: string }>();
    for (let time = 0; time < 2; time++) {
      const released = await post(`/api/usage/reservations/${reservationId}/release`, admin);
      expect([released.statusCode, released.body]).toEqual([204, '']);
    }
  });

  it('answers 410 for an expired and 404 for an unknown or malformed reservation', async () => {
    const { reservationId } = (await reserve()).json<{ reservationId: string }>();
    parts.clock.advance(parts.settings.reservationTtlMs);
    const commit = (id: string) =>
      post(`/api/usage/reservations/${id}/commit`, admin, { eventId: randomUUID() });
    expect((await commit(reservationId)).statusCode).toBe(410);
    expect((await commit(randomUUID())).statusCode).toBe(404);
    expect((await commit('nonsense')).statusCode).toBe(404);
  });

  it('refuses over the limit with the numbers, and the same wait in every header', async () => {
    await reserve({ quantity: 30 });
    const refused = await reserve();
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.json()).toMatchObject({
      code: 'quota-exceeded',
      kind: 'text',
      limit: 30,
      used: 0,
      resetsAt: '2026-11-21T00:00:00.000Z',
    });
    expect(refused.headers['retry-after']).toBe('43200');
    expect(refused.headers.ratelimit).toBe('"text-daily";r=0;t=43200');
    expect(refused.headers['ratelimit-policy']).toBe('"text-daily";q=30;w=86400;qu="messages"');
  });

  describe('statistics', () => {
    const charge = async (quantity = 1): Promise<void> => {
      const { reservationId } = (await reserve({ quantity })).json<{ reservationId: string }>();
      await post(`/api/usage/reservations/${reservationId}/commit`, admin, {
        eventId: randomUUID(),
        tokens: 5,
      });
    };

    it('are shown to whom they are about', async () => {
      await charge(3);
      const mine = await get('/api/usage/aggregates?window=hour&from=2026-11-20T11:00:00Z', user);
      expect([mine.statusCode, mine.json()]).toEqual([
        200,
        {
          complete: true,
          buckets: [
            {
              start: '2026-11-20T11:00:00.000Z',
              end: '2026-11-20T12:00:00.000Z',
              text: 0,
              audio: 0,
              media: 0,
              tokens: 0,
            },
            {
              start: '2026-11-20T12:00:00.000Z',
              end: '2026-11-20T13:00:00.000Z',
              text: 3,
              audio: 0,
              media: 0,
              tokens: 5,
            },
          ],
        },
      ]);
      const messages = await get('/api/usage/analytics/messages', user);
      expect(messages.json()).toEqual({
        rows: [{ characterId, messages: 3, tokens: 5 }],
        totals: { messages: 3, tokens: 5 },
      });
    });

    it('of a user are hidden from others, and everybody’s from all but administrators', async () => {
      await charge();
      const stranger: Actor = { id: randomUUID(), role: 'user' };
      const theirs = (await get('/api/usage/aggregates', stranger)).json<{ buckets: { text: number }[] }>();
      expect(theirs.buckets).toHaveLength(31);
      expect(theirs.buckets.every(({ text }) => text === 0)).toBe(true);
      expect((await get('/api/usage/analytics/messages', stranger)).json()).toMatchObject({ rows: [] });
      const closed = ['/api/usage/analytics/messages?scope=all', '/api/usage/analytics/daily-active-users'];
      for (const path of closed) {
        expect((await app.inject({ url: path })).statusCode).toBe(401);
        expect((await get(path, user)).statusCode).toBe(403);
        expect((await get(path, admin)).statusCode).toBe(200);
      }
    });

    const aggregates = '/api/usage/aggregates';
    const messages = '/api/usage/analytics/messages';
    const dailyUsers = '/api/usage/analytics/daily-active-users';
    it.each([
      [aggregates, 'window=month', 'window'],
      [aggregates, 'tz=Europe/Atlantis', 'tz'],
      [aggregates, 'tz=%2B02:00', 'tz'],
      [aggregates, 'from=yesterday', 'from'],
      [aggregates, 'from=2026-02-30', 'from'],
      [aggregates, 'from=2026-11-20T25:00:00Z', 'from'],
      [aggregates, 'from=1999-12-31', 'from'],
      [aggregates, 'to=99999-01-01', 'to'],
      [aggregates, 'from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z', 'to'],
      [aggregates, 'characterId=x', 'characterId'],
      [aggregates, 'kind=video', 'kind'],
      [aggregates, 'window=hour&from=2026-11-01', 'from'],
      [aggregates, 'window=day&from=2020-01-01', 'from'],
      [aggregates, 'userId=1', 'userId'],
      [messages, 'groupBy=user', 'groupBy'],
      [messages, 'scope=everybody', 'scope'],
      [messages, 'from=2024-01-01', 'from'],
      [dailyUsers, 'from=2024-01-01', 'from'],
      [dailyUsers, 'characterId=x', 'characterId'],
    ])('%s?%s is refused and points at the fault', async (path, query, field) => {
      const response = await get(`${path}?${query}`, admin);
      expect(response.statusCode).toBe(400);
      expect(response.json<{ errors: { pointer: string }[] }>().errors[0]?.pointer).toBe(`#/query/${field}`);
    });
  });

  it('reserves once for a repeated Idempotency-Key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await reserve({}, key);
    const second = await reserve({}, key);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.json()).toEqual(first.json());
    expect((await get('/api/auth/usage', user)).json()).toMatchObject({ totals: { text: { reserved: 1 } } });
  });

  it.each([
    [{ quantity: 0 }, '#/quantity'],
    [{ quantity: 1.5 }, '#/quantity'],
    [{ kind: 'video' }, '#/kind'],
    [{ characterId: 'x' }, '#/characterId'],
    [{ tier: 'premium' }, '#/tier'],
  ])('refuses %j and points at the fault', async (fault, pointer) => {
    const response = await reserve(fault);
    expect(response.statusCode).toBe(400);
    expect(response.json<{ errors: { pointer: string }[] }>().errors[0]?.pointer).toBe(pointer);
  });
});
