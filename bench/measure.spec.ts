import { concurrently, interleave, quantile, ratios, spreadOf, type Lane } from './measure.js';

/** Lanes whose operations take what the test says. */
function lanesOf(costs: Record<string, () => number>) {
  const order: string[] = [];
  const lanes = Object.entries(costs).map(([name, cost]): Lane => ({
    name,
    run: async (operations) => {
      order.push(name);
      return operations * cost();
    },
  }));
  return { lanes, order };
}

test('a lane gets one sample a round, in nanoseconds per operation', async () => {
  const { lanes } = lanesOf({ cheap: () => 100, dear: () => 1_000 });
  const samples = await interleave(lanes, { rounds: 5, batchMs: 1, warmUpMs: 1 });
  expect(samples.get('cheap')).toEqual([100, 100, 100, 100, 100]);
  expect(samples.get('dear')).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
});

test('all lanes run in every round, and the first of a round is another each time', async () => {
  const { lanes, order } = lanesOf({ a: () => 1_000_000, b: () => 1_000_000, c: () => 1_000_000 });
  await interleave(lanes, { rounds: 3, batchMs: 1, warmUpMs: 1 });
  expect(order.slice(-9).join('')).toBe('abcbcacab');
});

test('batches take about as long as asked for, whatever an operation costs', async () => {
  const { lanes } = lanesOf({ cheap: () => 50, dear: () => 20_000 });
  const batches: number[] = [];
  const timed = lanes.map((lane): Lane => ({
    name: lane.name,
    run: async (operations) => {
      const elapsed = await lane.run(operations);
      batches.push(elapsed);
      return elapsed;
    },
  }));
  await interleave(timed, { rounds: 2, batchMs: 5, warmUpMs: 1 });
  for (const batch of batches.slice(-4)) expect(batch / 5e6).toBeCloseTo(1, 1);
});

test('what slows the whole machine for a round leaves the ratio as it is', async () => {
  let slow = 1;
  const { lanes } = lanesOf({ limit: () => 100 * slow, lane: () => 250 * slow });
  const samples = await interleave(lanes, {
    rounds: 4,
    batchMs: 1,
    warmUpMs: 1,
    onRound: (round) => (slow = round),
  });
  expect(ratios(samples.get('lane')!, samples.get('limit')!)).toEqual([2.5, 2.5, 2.5, 2.5]);
});

test('a lane runs for as long as it needs to be warm before anything counts', async () => {
  let spent = 0;
  let counted = false;
  const lane: Lane = {
    name: 'lane',
    run: async (operations) => {
      // A tenth of the cost once it is warm.
      const elapsed = operations * (spent > 20e6 ? 100 : 1_000);
      if (!counted) spent += elapsed;
      return elapsed;
    },
  };
  const options = { rounds: 3, batchMs: 1, warmUpMs: 30, onRound: () => (counted = true) };
  expect((await interleave([lane], options)).get('lane')).toEqual([100, 100, 100]);
  expect(spent).toBeGreaterThanOrEqual(30e6);
});

test('quantiles lie between the samples, whatever their order', () => {
  expect(quantile([40, 10, 30, 20], 0.5)).toBe(25);
  expect(quantile([7], 0.99)).toBe(7);
  expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, p10: 1.4, p90: 4.6 });
});

test('no more calls are open at once than asked for, and every index is called once', async () => {
  let open = 0;
  let most = 0;
  const called: number[] = [];
  await concurrently(4, 10, async (index) => {
    called.push(index);
    most = Math.max(most, ++open);
    await Promise.resolve();
    open--;
  });
  expect(most).toBe(4);
  expect(called).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
