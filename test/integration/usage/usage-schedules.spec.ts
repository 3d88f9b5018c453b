import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { startUsage, type UsageHarness } from './usage-harness.js';
import { VARIANTS } from './usage-variants.js';

const LIMIT = 5;

type Step =
  | { act: 'reserve'; quantity: number }
  | { act: 'commit' | 'release'; pick: number; event: number }
  | { act: 'advance'; ms: number }
  | { act: 'sweep' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('reserve' as const),
      quantity: fc.integer({ min: 1, max: LIMIT + 1 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constantFrom('commit' as const, 'release' as const),
      pick: fc.nat(20),
      event: fc.nat(4),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 400_000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ act: 'sweep' as const }) },
);

const EXPECTED = ['quota-exceeded', 'already-settled', 'expired'];

/** What a schedule may be refused for; anything else is a fault. */
async function tolerating(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!EXPECTED.includes((error as { code?: string }).code ?? '')) throw error;
  }
}

describe.each(VARIANTS.filter(({ cache }) => cache === 'memory'))('any schedule on $name', (variant) => {
  let harness: UsageHarness;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const { database, stop } = await variant.start();
    harness = await startUsage(database);
    harness.settings.freeTextPerDay = LIMIT;
    close = async () => {
      await harness.close();
      await stop();
    };
  });
  afterAll(() => close());

  /** `batches` run one after the other, the steps of one batch at the same time. */
  async function run(batches: Step[][]): Promise<void> {
    const actor: Actor = { id: randomUUID(), role: 'user' };
    const characterId = randomUUID();
    const events = Array.from({ length: 5 }, () => randomUUID());
    const reservations: string[] = [];
    harness.clock.set('2026-11-20T12:00:00.000Z');
    const take = async (current: Step): Promise<void> => {
      if (current.act === 'advance') return harness.clock.advance(current.ms);
      if (current.act === 'sweep') return harness.sweep.sweep();
      if (current.act === 'reserve') {
        const { id } = await harness.usage.reserve(actor, {
          characterId,
          kind: 'text',
          quantity: current.quantity,
        });
        reservations.push(id);
        return;
      }
      const id = reservations[current.pick % Math.max(1, reservations.length)];
      const eventId = events[current.event];
      if (id === undefined || eventId === undefined) return;
      return current.act === 'commit' ? harness.usage.commit(id, { eventId }) : harness.usage.release(id);
    };
    for (const batch of batches) {
      await Promise.all(batch.map((current) => tolerating(take(current))));
      const counters = await harness.countersOf(actor.id);
      expect(counters).toEqual(await harness.rowsOf(actor.id));
      expect(counters.used + counters.reserved).toBeLessThanOrEqual(LIMIT);
      const shown = (await harness.usage.counters(actor, characterId)).counters.text;
      expect({ used: shown.used, reserved: shown.reserved }).toEqual(counters);
    }
  }

  it('keeps counters equal to the reservations, within the limit, and shown as they are', async () => {
    const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });
    let last: Promise<void> = Promise.resolve();
    const property = fc.asyncProperty(batches, (schedule) => (last = run(schedule)));
    await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 15_000 });
    // Time may be up in the midst of it: what it needs is still there.
    await last;
  });
});
