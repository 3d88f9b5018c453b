import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from '../../../src/platform/actor/actor.js';
import type { UsageKind } from '../../../src/usage/usage-kind.js';
import type { UsageLimitReached, UsageUpdated } from '../../../src/usage/usage.events.js';
import { eventually } from '../../support/eventually.js';
import { startUsage, type UsageHarness } from './usage-harness.js';
import { FEW_VARIANTS } from './usage-variants.js';

describe.each(FEW_VARIANTS)('what a user is told of their usage on $name', (variant) => {
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

  beforeEach(() => {
    actor = { id: randomUUID(), role: 'user' };
    characterId = randomUUID();
    harness.clock.set('2026-11-20T12:00:00.000Z');
  });

  const reserve = (kind: UsageKind = 'text', quantity = 1) =>
    harness.usage.reserve(actor, { characterId, kind, quantity });
  const charge = async (kind: UsageKind = 'text', quantity = 1): Promise<void> =>
    harness.usage.commit((await reserve(kind, quantity)).id, { eventId: randomUUID() });
  const heard = <Data>(type: string): Data[] =>
    harness.told
      .filter((event) => event.stream === `user:${actor.id}` && event.type === type)
      .map(({ data }) => data as Data);
  const updates = () => heard<UsageUpdated>('usage.updated');
  const notices = () => heard<UsageLimitReached>('usage.limit');
  const hears = (count: number) =>
    eventually(`${count} updates`, () => Promise.resolve(updates().length >= count ? true : undefined));
  /** Everything before it has been told when this has. */
  const flush = async (): Promise<void> => {
    const before = updates().length;
    await harness.usage.release((await harness.usage.reserve(actor, { characterId, kind: 'media' })).id);
    await hears(before + 1);
  };

  it('is every charge, release and expiry, with the counters as they are then', async () => {
    await charge();
    await hears(1);
    expect(updates()).toEqual([{ characterId, ...(await harness.usage.counters(actor, characterId)) }]);
    await harness.usage.release((await reserve('audio')).id);
    await reserve('text', 3);
    harness.clock.advance(harness.settings.reservationTtlMs);
    await harness.sweep.sweep();
    await hears(3);
    expect(
      updates().map(({ counters: { text, audio } }) => [text.used, text.reserved, audio.reserved]),
    ).toEqual([
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
    ]);
  });

  it('is told once, however often and at the same time a charge is repeated', async () => {
    const { id } = await reserve();
    const eventId = randomUUID();
    await Promise.all(Array.from({ length: 10 }, () => harness.usage.commit(id, { eventId })));
    await flush();
    expect(updates()).toHaveLength(2);
  });

  it('comes in the order of the charges: the last one tells what is so', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, index) => charge(index % 3 === 0 ? 'audio' : 'text')));
    await hears(12);
    const used = updates().map(({ counters: { text, audio } }) => text.used + audio.used);
    expect(used).toEqual([...used].sort((a, b) => a - b));
    expect(updates().at(-1)).toMatchObject({ counters: { text: { used: 8 }, audio: { used: 4 } } });
  });

  it('is never older than what was told before, also of work that ends late', async () => {
    await charge();
    const late = await reserve();
    const sent = await reserve('audio');
    let begin = (): void => undefined;
    const charged = new Promise<void>((resolve) => (begin = resolve)).then(() =>
      harness.usage.commit(sent.id, { eventId: randomUUID() }),
    );
    await harness.database.transaction(async () => {
      await harness.usage.release(late.id);
      begin();
      // It has to wait for this transaction; if it did not, it would be over long before.
      await Promise.race([charged, sleep(200)]);
    });
    await charged;
    await hears(3);
    expect(updates().at(-1)).toMatchObject({
      counters: { text: { used: 1, reserved: 0 }, audio: { used: 1 } },
    });
  });

  it('is nothing when the work it belongs to is undone', async () => {
    await expect(
      harness.database.transaction(async () => {
        await charge('audio', 5);
        throw new Error('the message was not stored');
      }),
    ).rejects.toThrow('the message was not stored');
    await flush();
    expect([updates().length, notices()]).toEqual([1, []]);
  });

  it('says once that 80 % are used and once that all is, also when all is sent at the same time', async () => {
    await Promise.all(Array.from({ length: 30 }, () => charge()));
    await flush();
    const common = {
      characterId,
      kind: 'text',
      limit: 30,
      day: '2026-11-20',
      resetsAt: '2026-11-21T00:00:00.000Z',
    };
    expect(notices()).toEqual([
      { ...common, percent: 80, used: 24 },
      { ...common, percent: 100, used: 30 },
    ]);
  });

  it('says it again neither after a change of the tier, nor of the allowance, but on the next day', async () => {
    await charge('audio', 4);
    harness.tiers.set(actor.id, 'premium');
    await charge('audio', 4);
    harness.tiers.set(actor.id, 'free');
    harness.settings.freeAudioPerDay = 10;
    try {
      await charge('audio', 1);
      await charge('audio', 1);
    } finally {
      harness.settings.freeAudioPerDay = 5;
    }
    harness.clock.set('2026-11-21T12:00:00.000Z');
    await charge('audio', 5);
    await flush();
    expect(notices().map(({ day, percent }) => [day, percent])).toEqual([
      ['2026-11-20', 80],
      ['2026-11-20', 100],
      ['2026-11-21', 100],
    ]);
  });

  it('has no limits for premium', async () => {
    harness.tiers.set(actor.id, 'premium');
    await charge('audio', 50);
    await flush();
    expect(notices()).toEqual([]);
    expect(updates()[0]).toMatchObject({ tier: 'premium', counters: { audio: { used: 50, limit: null } } });
  });
});
