import { randomUUID } from 'node:crypto';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { startUsage, type UsageHarness } from './usage-harness.js';
import { VARIANTS } from './usage-variants.js';

const someone = (): Actor => ({ id: randomUUID(), role: 'user' });

const granted = <T>(results: PromiseSettledResult<T>[]): T[] =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));

const codes = (results: PromiseSettledResult<unknown>[]): string[] =>
  results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { code?: string }).code ?? String(result.reason)] : [],
  );

describe.each(VARIANTS)('usage on $name', (variant) => {
  let harness: UsageHarness;
  let close: () => Promise<void>;
  let actor: Actor;
  let characterId: string;

  beforeAll(async () => {
    const { database, redisUrl, stop } = await variant.start();
    harness = await startUsage(database, redisUrl);
    close = async () => {
      await harness.close();
      await stop();
    };
  });
  afterAll(() => close());

  beforeEach(async () => {
    await harness.cacheInUse();
    actor = someone();
    characterId = randomUUID();
    harness.clock.set('2026-11-20T12:00:00.000Z');
  });

  const reserve = (quantity = 1) => harness.usage.reserve(actor, { characterId, kind: 'text', quantity });
  const text = async () => (await harness.usage.counters(actor, characterId)).counters.text;

  describe('the limit', () => {
    it('lets exactly one of 100 parallel sends pass when one is left', async () => {
      await reserve(29);
      const results = await Promise.allSettled(Array.from({ length: 100 }, () => reserve()));
      expect(granted(results)).toHaveLength(1);
      expect(codes(results)).toEqual(Array(99).fill('quota-exceeded'));
      expect(await harness.countersOf(actor.id)).toEqual({ used: 0, reserved: 30 });
      expect(await text()).toEqual({ used: 0, reserved: 30, limit: 30, remaining: 0 });
    });

    it('holds when the first 100 sends of a day race for the counter itself', async () => {
      const results = await Promise.allSettled(Array.from({ length: 100 }, () => reserve()));
      expect(granted(results)).toHaveLength(30);
      expect(new Set(granted(results).map(({ remaining }) => remaining)).size).toBe(30);
      expect(await harness.rowsOf(actor.id)).toEqual({ used: 0, reserved: 30 });
      expect(await harness.countersOf(actor.id)).toEqual({ used: 0, reserved: 30 });
    });

    it('refuses a first reservation that is larger than the whole allowance', async () => {
      await expect(reserve(31)).rejects.toMatchObject({ code: 'quota-exceeded' });
      expect(await harness.countersOf(actor.id)).toEqual({ used: 0, reserved: 0 });
    });

    it('says what is used, what is in flight and when it resets', async () => {
      const first = await reserve(20);
      await harness.usage.commit(first.id, { eventId: randomUUID() });
      await reserve(10);
      await expect(reserve()).rejects.toMatchObject({
        status: 429,
        retryAfterMs: 12 * 3_600_000,
        members: { kind: 'text', limit: 30, used: 20, reserved: 10, resetsAt: '2026-11-21T00:00:00.000Z' },
      });
    });

    it('is per kind, per character and per user', async () => {
      await reserve(30);
      await harness.usage.reserve(actor, { characterId, kind: 'audio', quantity: 5 });
      await harness.usage.reserve(actor, { characterId: randomUUID(), kind: 'text', quantity: 30 });
      await harness.usage.reserve(someone(), { characterId, kind: 'text', quantity: 30 });
      await expect(reserve()).rejects.toMatchObject({ code: 'quota-exceeded' });
      await expect(harness.usage.reserve(actor, { characterId, kind: 'audio' })).rejects.toMatchObject({
        code: 'quota-exceeded',
      });
    });

    it('does not bind premium, which is still counted', async () => {
      harness.tiers.set(actor.id, 'premium');
      const reservation = await reserve(100);
      expect(reservation.remaining).toBeNull();
      await harness.usage.commit(reservation.id, { eventId: randomUUID() });
      expect(await text()).toEqual({ used: 100, reserved: 0, limit: null, remaining: null });
      harness.tiers.set(actor.id, 'free');
      expect(await text()).toEqual({ used: 100, reserved: 0, limit: 30, remaining: 0 });
      await expect(reserve()).rejects.toMatchObject({ code: 'quota-exceeded' });
    });
  });

  describe('settling', () => {
    it('moves the counter once for 20 parallel commits of the same event', async () => {
      const { id } = await reserve();
      const eventId = randomUUID();
      await Promise.all(Array.from({ length: 20 }, () => harness.usage.commit(id, { eventId, tokens: 7 })));
      expect(await harness.countersOf(actor.id)).toEqual({ used: 1, reserved: 0 });
    });

    it('charges an event once, also when two reservations are committed for it at the same time', async () => {
      const reservations = await Promise.all([reserve(), reserve(), reserve(), reserve()]);
      const eventId = randomUUID();
      await Promise.all(reservations.map(({ id }) => harness.usage.commit(id, { eventId })));
      expect(await harness.countersOf(actor.id)).toEqual({ used: 1, reserved: 0 });
      await Promise.all(reservations.map(({ id }) => harness.usage.commit(id, { eventId })));
      expect(await harness.rowsOf(actor.id)).toEqual({ used: 1, reserved: 0 });
    });

    it('does not charge somebody for an event that another user was charged for', async () => {
      const eventId = randomUUID();
      await harness.usage.commit((await reserve()).id, { eventId });
      const other = someone();
      const { id } = await harness.usage.reserve(other, { characterId, kind: 'text' });
      await expect(harness.usage.commit(id, { eventId })).rejects.toMatchObject({ code: 'already-settled' });
      expect(await harness.countersOf(other.id)).toEqual({ used: 0, reserved: 1 });
    });

    it('lets one of a racing commit and release win, and moves the counter once', async () => {
      for (let round = 0; round < 10; round++) {
        const { id } = await reserve();
        const before = await harness.countersOf(actor.id);
        const [commit] = await Promise.allSettled([
          harness.usage.commit(id, { eventId: randomUUID() }),
          harness.usage.release(id),
        ]);
        const charged = commit?.status === 'fulfilled' ? 1 : 0;
        expect(await harness.countersOf(actor.id)).toEqual({
          used: before.used + charged,
          reserved: before.reserved - 1,
        });
        expect(await harness.rowsOf(actor.id)).toEqual(await harness.countersOf(actor.id));
      }
    });

    it('refuses to charge twice for different events, after a release, and what does not exist', async () => {
      const charged = await reserve();
      await harness.usage.commit(charged.id, { eventId: randomUUID() });
      await expect(harness.usage.commit(charged.id, { eventId: randomUUID() })).rejects.toMatchObject({
        code: 'already-settled',
        status: 409,
      });
      await expect(harness.usage.release(charged.id)).rejects.toMatchObject({ code: 'already-settled' });

      const released = await reserve();
      await harness.usage.release(released.id);
      await harness.usage.release(released.id);
      await expect(harness.usage.commit(released.id, { eventId: randomUUID() })).rejects.toMatchObject({
        code: 'already-settled',
      });

      await expect(harness.usage.commit(randomUUID(), { eventId: randomUUID() })).rejects.toMatchObject({
        status: 404,
      });
      await expect(harness.usage.release(randomUUID())).rejects.toMatchObject({ status: 404 });
      expect(await harness.countersOf(actor.id)).toEqual({ used: 1, reserved: 0 });
    });
  });

  describe('expiry', () => {
    it('refuses to charge an expired reservation, swept or not', async () => {
      const { id, expiresAt } = await reserve();
      expect(expiresAt).toBe('2026-11-20T12:05:00.000Z');
      harness.clock.set(expiresAt);
      const commit = () => harness.usage.commit(id, { eventId: randomUUID() });
      await expect(commit()).rejects.toMatchObject({ code: 'expired', status: 410 });
      await harness.sweep.sweep();
      await expect(commit()).rejects.toMatchObject({ code: 'expired' });
      await harness.usage.release(id);
      expect(await harness.countersOf(actor.id)).toEqual({ used: 0, reserved: 0 });
    });

    it('never costs the user a message: a send that needs the place gets it before any sweep', async () => {
      await reserve(30);
      harness.clock.advance(harness.settings.reservationTtlMs);
      const results = await Promise.allSettled(Array.from({ length: 40 }, () => reserve()));
      expect(granted(results)).toHaveLength(30);
      expect(await harness.rowsOf(actor.id)).toEqual({ used: 0, reserved: 30 });
    });

    it('shows the place as free after a sweep, on cached reads too', async () => {
      await reserve(30);
      expect((await text()).remaining).toBe(0);
      harness.clock.advance(harness.settings.reservationTtlMs);
      await Promise.all([harness.sweep.sweep(), harness.sweep.sweep(), harness.sweep.sweep()]);
      expect(await text()).toEqual({ used: 0, reserved: 0, limit: 30, remaining: 30 });
    });
  });

  describe('midnight', () => {
    it('starts a new day while yesterday’s reservation settles on its own day', async () => {
      harness.clock.set('2026-11-20T23:59:59.000Z');
      const { id } = await reserve(30);
      expect((await text()).remaining).toBe(0);
      harness.clock.set('2026-11-21T00:00:01.000Z');
      expect(await harness.usage.counters(actor, characterId)).toMatchObject({
        day: '2026-11-21',
        resetsAt: '2026-11-22T00:00:00.000Z',
        counters: { text: { used: 0, reserved: 0, remaining: 30 } },
      });
      await harness.usage.commit(id, { eventId: randomUUID() });
      await reserve(2);
      expect(await text()).toMatchObject({ used: 0, reserved: 2 });
      harness.clock.set('2026-11-20T23:59:59.000Z');
      expect(await text()).toMatchObject({ used: 30, reserved: 0 });
    });
  });

  describe('reads', () => {
    it('show every step at once although they are cached', async () => {
      expect(await text()).toMatchObject({ used: 0, reserved: 0 });
      const { id } = await reserve(3);
      expect(await text()).toMatchObject({ used: 0, reserved: 3, remaining: 27 });
      await harness.usage.commit(id, { eventId: randomUUID() });
      expect(await text()).toMatchObject({ used: 3, reserved: 0 });
      const again = await reserve();
      await harness.usage.release(again.id);
      expect(await text()).toMatchObject({ used: 3, reserved: 0 });
    });

    it('come from the cache', async () => {
      await reserve();
      await text();
      await harness.database.manager.query('UPDATE usage_counters SET used = 9 WHERE user_id = $1', [
        actor.id,
      ]);
      expect(await text()).toMatchObject({ used: 0, reserved: 1 });
    });

    it('give the same counters as the reservation did', async () => {
      const { counters } = await reserve(4);
      expect(counters).toEqual(await harness.usage.counters(actor, characterId));
    });

    it('of today list every character of the caller, and nobody else’s', async () => {
      const other = randomUUID();
      await reserve(2);
      await harness.usage.commit((await reserve()).id, { eventId: randomUUID() });
      await harness.usage.reserve(actor, { characterId: other, kind: 'audio' });
      await harness.usage.reserve(someone(), { characterId, kind: 'text' });
      const today = await harness.usage.today(actor);
      expect(today).toMatchObject({ tier: 'free', day: '2026-11-20', timezone: 'UTC' });
      expect(new Set(today.characters.map((entry) => entry.characterId))).toEqual(
        new Set([characterId, other]),
      );
      expect(today.totals).toEqual({
        text: { used: 1, reserved: 2 },
        audio: { used: 0, reserved: 1 },
        media: { used: 0, reserved: 0 },
      });
      harness.clock.set('2026-11-21T00:00:00.000Z');
      expect((await harness.usage.today(actor)).characters).toEqual([]);
    });
  });

  describe('inside a transaction', () => {
    it('a reservation is undone with the work it was made for', async () => {
      await text();
      await expect(
        harness.database.transaction(async () => {
          await reserve(5);
          throw new Error('the message was not stored');
        }),
      ).rejects.toThrow('the message was not stored');
      expect(await harness.countersOf(actor.id)).toEqual({ used: 0, reserved: 0 });
      expect(await text()).toMatchObject({ used: 0, reserved: 0 });
    });

    it('reserving and charging in one transaction counts when it commits', async () => {
      await text();
      await harness.database.transaction(async () => {
        const { id } = await reserve();
        await harness.usage.commit(id, { eventId: randomUUID() });
      });
      expect(await text()).toMatchObject({ used: 1, reserved: 0 });
    });

    it('100 parallel sends with one left store exactly one message', async () => {
      await reserve(29);
      const results = await Promise.allSettled(
        Array.from({ length: 100 }, () =>
          harness.database.transaction(async () => {
            const { id } = await reserve();
            await harness.usage.commit(id, { eventId: randomUUID() });
          }),
        ),
      );
      expect(granted(results)).toHaveLength(1);
      expect(codes(results)).toEqual(Array(99).fill('quota-exceeded'));
      expect(await harness.countersOf(actor.id)).toEqual({ used: 1, reserved: 29 });
    });
  });
});
