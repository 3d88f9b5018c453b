import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { FULL_SIZE } from '../../../libs/cache/src/testing/full-size.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { UNITS } from '../../../src/usage/statistics/statistics-keys.js';
import type { AggregatesQuery, UsageAggregates } from '../../../src/usage/statistics/statistics.dto.js';
import { USAGE_KINDS, type UsageKind } from '../../../src/usage/usage-kind.js';
import { startRedis } from '../../support/redis-server.js';
import { eventually } from '../../support/eventually.js';
import { startUsage, type UsageHarness } from './usage-harness.js';
import { FEW_VARIANTS } from './usage-variants.js';

interface Charge {
  at: string;
  characterId: string;
  kind: UsageKind;
  quantity: number;
  tokens: number;
}

describe.each(FEW_VARIANTS)('usage statistics on $name', (variant) => {
  let harness: UsageHarness;
  let close: () => Promise<void>;
  let actor: Actor;

  beforeAll(async () => {
    const { database, redisUrl, stop } = await variant.start();
    harness = await startUsage(database, redisUrl);
    Object.assign(harness.settings, {
      freeTextPerDay: 10_000,
      freeAudioPerDay: 10_000,
      freeMediaPerDay: 10_000,
    });
    close = async () => {
      await harness.close();
      await stop();
    };
  });
  afterAll(() => close());

  beforeEach(async () => {
    await harness.cacheInUse();
    actor = { id: randomUUID(), role: 'user' };
    harness.clock.set('2026-11-20T12:00:00.000Z');
  });

  const charge = async (part: Partial<Charge> = {}, who = actor): Promise<Charge> => {
    const given = {
      at: '',
      characterId: randomUUID(),
      kind: 'text' as const,
      quantity: 1,
      tokens: 7,
      ...part,
    };
    if (part.at) harness.clock.set(part.at);
    const { id } = await harness.usage.reserve(who, given);
    await harness.usage.commit(id, { eventId: randomUUID(), tokens: given.tokens });
    return given;
  };

  const aggregates = (query: Partial<AggregatesQuery>, who = actor): Promise<UsageAggregates> =>
    harness.statistics.aggregates(who, { window: 'day', tz: 'UTC', ...query });

  /** Waits until Redis holds what is charged, for tests that look at Redis itself. */
  const settled = (userId: string, revision: number) =>
    eventually(`revision ${revision}`, async () => {
      const kept = await harness.redis?.hget(harness.keys.ofUser(userId, 'hours'), 'revision');
      return kept === String(revision) ? true : undefined;
    });

  it('count in the hour, day and week in which a message was sent, wherever one is', async () => {
    const one = randomUUID();
    // Sunday, an hour before midnight UTC; Monday for everybody further east.
    await charge({ at: '2026-11-15T23:10:00.000Z', characterId: one, quantity: 2 });
    await charge({ at: '2026-11-16T00:20:00.000Z', kind: 'audio', tokens: 0 });
    harness.clock.set('2026-11-20T12:00:00.000Z');
    const inUtc = await aggregates({ window: 'week', from: '2026-11-09', to: '2026-11-16' });
    expect(inUtc).toEqual({
      complete: true,
      buckets: [
        {
          start: '2026-11-09T00:00:00.000Z',
          end: '2026-11-16T00:00:00.000Z',
          text: 2,
          audio: 0,
          media: 0,
          tokens: 7,
        },
        {
          start: '2026-11-16T00:00:00.000Z',
          end: '2026-11-23T00:00:00.000Z',
          text: 0,
          audio: 1,
          media: 0,
          tokens: 0,
        },
      ],
    });
    const sums = ({ buckets }: UsageAggregates) => buckets.map(({ text, audio }) => [text, audio]);
    for (const tz of ['Europe/Berlin', 'Asia/Kolkata']) {
      expect(sums(await aggregates({ window: 'week', from: '2026-11-09', to: '2026-11-16', tz }))).toEqual([
        [0, 0],
        [2, 1],
      ]);
    }
    const days = { from: '2026-11-15', to: '2026-11-16' };
    expect(sums(await aggregates(days))).toEqual([
      [2, 0],
      [0, 1],
    ]);
    expect(sums(await aggregates({ ...days, tz: 'America/New_York' }))).toEqual([
      [2, 1],
      [0, 0],
    ]);
    expect(sums(await aggregates({ ...days, characterId: one.toUpperCase() }))).toEqual([
      [2, 0],
      [0, 0],
    ]);
    expect(sums(await aggregates({ ...days, kind: 'audio' }))).toEqual([
      [0, 0],
      [0, 1],
    ]);
    const hours = await aggregates({
      window: 'hour',
      from: '2026-11-15T23:59:00Z',
      to: '2026-11-16T00:01:00Z',
    });
    expect(sums(hours)).toEqual([
      [2, 0],
      [0, 1],
    ]);
  });

  it('put the 25 hours of a day on which the clocks are changed into one bucket', async () => {
    const tz = 'Europe/Berlin';
    const sent = [
      '2026-10-24T21:59:59Z',
      '2026-10-24T22:00:00Z',
      '2026-10-25T22:59:59Z',
      '2026-10-25T23:00:00Z',
    ];
    for (const at of sent) await charge({ at });
    harness.clock.set('2026-10-26T12:00:00.000Z');
    const { buckets } = await aggregates({ from: '2026-10-24', to: '2026-10-26', tz });
    expect(buckets.map(({ start, text }) => [start, text])).toEqual([
      ['2026-10-23T22:00:00.000Z', 1],
      ['2026-10-24T22:00:00.000Z', 2],
      ['2026-10-25T23:00:00.000Z', 1],
    ]);
  });

  it('show every charge at once, and nobody else’s', async () => {
    const stranger: Actor = { id: randomUUID(), role: 'user' };
    for (let count = 1; count <= 5; count++) {
      await charge({ at: '2026-11-20T12:00:00.000Z' });
      for (const window of ['hour', 'day', 'week'] as const) {
        const { buckets } = await aggregates({ window });
        expect(buckets.at(-1)).toMatchObject({ text: count, tokens: 7 * count });
      }
    }
    const { buckets } = await aggregates({}, stranger);
    expect(buckets.every(({ text }) => text === 0)).toBe(true);
  });

  it('show the tokens of a reply once they are known, once', async () => {
    const { id } = await harness.usage.reserve(actor, { characterId: randomUUID(), kind: 'text' });
    const eventId = randomUUID();
    await harness.usage.meter(eventId, 1_000);
    await harness.usage.commit(id, { eventId });
    expect((await aggregates({})).buckets.at(-1)).toMatchObject({ text: 1, tokens: 0 });
    await Promise.all([harness.usage.meter(eventId, 42), harness.usage.meter(eventId, 42)]);
    for (const window of ['hour', 'day', 'week'] as const)
      expect((await aggregates({ window })).buckets.at(-1)).toMatchObject({ text: 1, tokens: 42 });
  });

  it('are what the ledger and the counters add up to, after whatever order things are done in', async () => {
    const characters = [randomUUID(), randomUUID()];
    const step = fc.record({
      hoursAgo: fc.integer({ min: 0, max: 50 }),
      characterId: fc.constantFrom(...characters),
      kind: fc.constantFrom(...USAGE_KINDS),
      quantity: fc.integer({ min: 1, max: 3 }),
      tokens: fc.nat(100),
      act: fc.constantFrom('commit', 'commit', 'commit', 'release', 'read', 'lose'),
    });
    const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
    const now = Date.parse('2026-11-20T12:30:00.000Z');
    type Schedule = typeof batches extends fc.Arbitrary<infer Steps> ? Steps : never;
    const follow = async (schedule: Schedule): Promise<void> => {
      const user: Actor = { id: randomUUID(), role: 'user' };
      for (const batch of schedule) {
        // One hour for what is done at the same time: there is one clock.
        harness.clock.set(new Date(now - (batch[0]?.hoursAgo ?? 0) * 3_600_000).toISOString());
        await Promise.all(
          batch.map(async ({ act, tokens, ...wanted }) => {
            if (act === 'read') return aggregates({ window: 'hour' }, user);
            if (act === 'lose') return harness.redis?.del(harness.keys.ofUser(user.id, 'hours'));
            const { id } = await harness.usage.reserve(user, wanted);
            if (act === 'release') return harness.usage.release(id);
            return harness.usage.commit(id, { eventId: randomUUID(), tokens });
          }),
        );
      }
      harness.clock.set(new Date(now).toISOString());
      const { used, reserved } = await harness.rowsOf(user.id);
      expect(await harness.countersOf(user.id)).toEqual({ used, reserved });
      expect(reserved).toBe(0);
      for (const [window, from] of [
        ['hour', '2026-11-18T00:00:00Z'],
        ['day', '2026-11-18'],
        ['week', '2026-11-15'],
      ] as const) {
        const { buckets } = await aggregates({ window, from }, user);
        const bounds = [...buckets.map(({ start }) => start), buckets.at(-1)?.end ?? ''].map(Date.parse);
        const truth = await harness.repository.byBucket({ userId: user.id }, bounds);
        const counted = buckets.reduce((sum, { text, audio, media }) => sum + text + audio + media, 0);
        expect(counted).toBe(used);
        for (const { bucket, kind, quantity } of truth) expect(buckets[bucket]?.[kind]).toBe(quantity);
        expect(buckets.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(
          truth.reduce((sum, { tokens }) => sum + tokens, 0),
        );
      }
      expect(await harness.audit.run()).toMatchObject({ counters: 0, statistics: 0 });
    };
    let last: Promise<void> = Promise.resolve();
    await fc.assert(
      fc.asyncProperty(batches, (schedule) => (last = follow(schedule))),
      { numRuns: FULL_SIZE ? 200 : 10, interruptAfterTimeLimit: FULL_SIZE ? 60_000 : 2_000 },
    );
    // Time may be up in the midst of it: it must not move the clock of the next test.
    await last;
  });

  it('group messages by character, kind and hour of the day, the largest first', async () => {
    const [much, little] = [randomUUID(), randomUUID()];
    await charge({ at: '2026-11-19T09:00:00.000Z', characterId: little, kind: 'audio', tokens: 1 });
    await charge({ at: '2026-11-20T09:30:00.000Z', characterId: much, quantity: 4, tokens: 10 });
    await charge({ at: '2026-11-20T08:30:00.000Z', characterId: much, quantity: 1, tokens: 2 });
    harness.clock.set('2026-11-20T12:00:00.000Z');
    const totals = { messages: 6, tokens: 13 };
    const by = (groupBy: 'character' | 'kind' | 'hour') =>
      harness.statistics.messages(actor, { groupBy, scope: 'self', from: '2026-11-19', to: '2026-11-20' });
    expect(await by('character')).toEqual({
      rows: [
        { characterId: much, messages: 5, tokens: 12 },
        { characterId: little, messages: 1, tokens: 1 },
      ],
      totals,
    });
    expect((await by('kind')).rows).toEqual([
      { kind: 'text', messages: 5, tokens: 12 },
      { kind: 'audio', messages: 1, tokens: 1 },
    ]);
    expect((await by('hour')).rows).toEqual([
      { hour: 8, messages: 1, tokens: 2 },
      { hour: 9, messages: 5, tokens: 11 },
    ]);
  });

  it('rank everybody’s characters over days that are over and the present one', async () => {
    const admin: Actor = { id: randomUUID(), role: 'admin' };
    const [first, second] = [randomUUID(), randomUUID()];
    // A month of its own: this is about everybody.
    const ask = () =>
      harness.statistics.messages(admin, { groupBy: 'character', scope: 'all', from: '2025-02-01' });
    const eventId = randomUUID();
    harness.clock.set('2025-02-01T10:00:00.000Z');
    const early = await harness.usage.reserve(actor, { characterId: first, kind: 'text', quantity: 3 });
    await harness.usage.commit(early.id, { eventId });
    harness.clock.set('2025-02-02T08:00:00.000Z');
    expect((await ask()).rows).toEqual([{ characterId: first, messages: 3, tokens: 0 }]);
    // The day is over, and still something of it becomes known.
    await harness.usage.meter(eventId, 30);
    await charge({ at: '2025-02-02T10:00:00.000Z', characterId: second, quantity: 4, tokens: 40 }, admin);
    await charge({ at: '2025-02-04T10:00:00.000Z', characterId: first, quantity: 2, tokens: 20 });
    harness.clock.set('2025-02-04T12:00:00.000Z');
    const truth = {
      rows: [
        { characterId: first, messages: 5, tokens: 50 },
        { characterId: second, messages: 4, tokens: 40 },
      ],
      totals: { messages: 9, tokens: 90 },
    };
    expect(await ask()).toEqual(truth);
    expect(await ask()).toEqual(truth);
    const day = harness.keys.characters('2025-02-01', 'messages');
    if (harness.redis) expect(await harness.redis.zscore(day, first)).toBe('3');
    const asUser = harness.statistics.messages(actor, { groupBy: 'character', scope: 'all' });
    await expect(asUser).rejects.toMatchObject({ status: 403 });
  });

  it('count active and new users of each day, by character too', async () => {
    const characterId = randomUUID();
    const others = Array.from({ length: 3 }, (): Actor => ({ id: randomUUID(), role: 'user' }));
    for (const who of others) await charge({ at: '2024-03-01T10:00:00.000Z' }, who);
    await charge({ at: '2024-03-02T10:00:00.000Z', characterId }, others[0]);
    await charge({ at: '2024-03-03T10:00:00.000Z', characterId });
    harness.clock.set('2024-03-03T12:00:00.000Z');
    const exact = harness.redis === undefined;
    const ask = (of?: string) => harness.activeUsers.daily({ from: '2024-03-01', characterId: of });
    const all = [
      { date: '2024-03-01', users: 3, newUsers: 3, exact: true },
      { date: '2024-03-02', users: 1, newUsers: 0, exact: true },
      { date: '2024-03-03', users: 1, newUsers: 1, exact },
    ];
    expect(await ask()).toEqual({ days: all });
    expect((await ask(characterId)).days.map(({ users, newUsers }) => [users, newUsers])).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
    // The estimate goes on by itself, and is begun anew where it was lost.
    await charge({ characterId }, others[1]);
    const today = async () => (await ask()).days.at(-1)?.users;
    await eventually('the estimate', async () => ((await today()) === 2 ? true : undefined));
    await harness.redis?.del(
      harness.keys.activeUsers('2024-03-03'),
      harness.keys.activeUsersBuilt('2024-03-03'),
    );
    expect(await today()).toBe(2);
    harness.clock.set('2024-03-05T12:00:00.000Z');
    expect((await ask()).days[2]).toEqual({ date: '2024-03-03', users: 2, newUsers: 1, exact: true });
  });

  it('are put right by the audit when rows were changed by hand', async () => {
    const { characterId } = await charge({ quantity: 3 });
    await harness.usage.reserve(actor, { characterId, kind: 'text', quantity: 2 });
    await harness.usage.counters(actor, characterId);
    await harness.database.manager.query(
      'UPDATE usage_counters SET used = 99, reserved = 1 WHERE user_id = $1',
      [actor.id],
    );
    expect((await harness.audit.run()).counters).toBe(1);
    expect((await harness.usage.counters(actor, characterId)).counters.text).toMatchObject({
      used: 3,
      reserved: 2,
    });
    expect((await harness.audit.run()).counters).toBe(0);
  });

  if (variant.cache === 'redis') {
    it('go on in Redis with each charge, without being read from the ledger again', async () => {
      await aggregates({ window: 'hour' });
      await aggregates({ window: 'day' });
      await aggregates({ window: 'week' });
      const read = jest.spyOn(harness.repository, 'snapshot');
      const direct = jest.spyOn(harness.repository, 'byBucket');
      for (let count = 1; count <= 3; count++) {
        await charge();
        await settled(actor.id, count);
        for (const window of ['hour', 'day', 'week'] as const)
          expect((await aggregates({ window })).buckets.at(-1)).toMatchObject({ text: count });
      }
      expect([read.mock.calls.length, direct.mock.calls.length]).toEqual([0, 0]);
      read.mockRestore();
      direct.mockRestore();
    });

    it('are rebuilt when Redis lost them, is behind, or holds those of another time', async () => {
      const redis = harness.redis!;
      const { characterId } = await charge({ quantity: 5 });
      const shows = async () => (await aggregates({})).buckets.at(-1)?.text;
      const key = harness.keys.ofUser(actor.id, 'days');
      expect(await shows()).toBe(5);
      await redis.del(...UNITS.map((unit) => harness.keys.ofUser(actor.id, unit)));
      expect(await shows()).toBe(5);
      expect(await redis.hget(key, `2026-11-20 ${characterId} text`)).toBe('5');
      await redis.hset(key, { revision: 0, [`2026-11-20 ${characterId} text`]: 1 });
      expect(await shows()).toBe(5);
      await redis.hset(key, { revision: 17, [`2026-11-20 ${characterId} text`]: 100 });
      expect(await shows()).toBe(5);
      await redis.set(key, 'of another kind');
      expect(await shows()).toBe(5);
    });

    it('rank everybody’s characters as they were used, whatever Redis loses or refuses of a day', async () => {
      const redis = harness.redis!;
      const admin: Actor = { id: randomUUID(), role: 'admin' };
      const { characterId } = await charge({ at: '2025-03-01T10:00:00.000Z', quantity: 3, tokens: 30 });
      harness.clock.set('2025-03-04T12:00:00.000Z');
      const ask = () =>
        harness.statistics.messages(admin, { groupBy: 'character', scope: 'all', from: '2025-03-01' });
      const truth = {
        rows: [{ characterId, messages: 3, tokens: 30 }],
        totals: { messages: 3, tokens: 30 },
      };
      const sets = (['messages', 'tokens'] as const).map((what) =>
        harness.keys.characters('2025-03-01', what),
      );
      expect(await ask()).toEqual(truth);
      for (const set of sets) {
        // It was there when its size was asked for.
        const rest = jest.spyOn(harness.repository, 'byGroup').mockImplementationOnce(async () => {
          await redis.del(set);
          return [];
        });
        expect(await ask()).toEqual(truth);
        rest.mockRestore();
        expect(await ask()).toEqual(truth);
        expect(await redis.exists(sets)).toBe(2);
      }
      await redis.del(sets);
      const unwilling = jest.spyOn(redis, 'multi').mockImplementationOnce(() => {
        unwilling.mockRestore();
        return Object.assign(redis.multi(), { exec: () => Promise.reject(new Error('Not now.')) });
      });
      expect(await ask()).toEqual(truth);
      expect(await redis.exists(sets)).toBe(0);
    });

    it('take no charge while they miss the one before', async () => {
      const redis = harness.redis!;
      const { characterId } = await charge();
      await aggregates({});
      const key = harness.keys.ofUser(actor.id, 'days');
      // As if the first charge had never come.
      await redis.hset(key, { revision: 0, [`2026-11-20 ${characterId} text`]: 0 });
      await charge({ characterId });
      await charge({ characterId });
      expect((await aggregates({})).buckets.at(-1)).toMatchObject({ text: 3 });
    });

    it('that are wrong at the right revision are found by the audit and dropped', async () => {
      const { characterId } = await charge();
      await aggregates({});
      const key = harness.keys.ofUser(actor.id, 'days');
      await harness.redis?.hset(key, `2026-11-20 ${characterId} text`, 50);
      // The audit compares a sample; on a day of its own this user is in it.
      harness.clock.set('2026-11-20T12:00:00.000Z');
      const counters = jest.spyOn(harness.audit as never, 'countersSince' as never);
      counters.mockImplementation(async function* () {
        yield await Promise.resolve({ userId: actor.id, isRight: true });
      } as never);
      expect(await harness.audit.run()).toEqual({ counters: 0, statistics: 1 });
      counters.mockRestore();
      expect((await aggregates({})).buckets.at(-1)).toMatchObject({ text: 1 });
    });
  }
});

describe('usage statistics while Redis comes and goes', () => {
  it('come from the ledger then, and miss nothing afterwards', async () => {
    const redis = await startRedis();
    const { database, stop } = await FEW_VARIANTS[0]!.start();
    const harness = await startUsage(database, redis.url);
    try {
      const actor: Actor = { id: randomUUID(), role: 'user' };
      const charge = async (): Promise<void> => {
        const { id } = await harness.usage.reserve(actor, { characterId: randomUUID(), kind: 'text' });
        await harness.usage.commit(id, { eventId: randomUUID() });
      };
      const today = async () =>
        (await harness.statistics.aggregates(actor, { window: 'day', tz: 'UTC' })).buckets.at(-1)?.text;
      await charge();
      expect(await today()).toBe(1);
      await redis.kill();
      await charge();
      expect(await today()).toBe(2);
      await redis.restart();
      const key = harness.keys.ofUser(actor.id, 'days');
      await eventually('the statistics', async () => {
        expect(await today()).toBe(2);
        return (await harness.redis?.exists(key).catch(() => 0)) === 1 ? true : undefined;
      });
      await charge();
      expect(await today()).toBe(3);
    } finally {
      await harness.close();
      await stop();
      await redis.stop();
    }
  });
});
