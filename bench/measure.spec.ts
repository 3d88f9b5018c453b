import { concurrently, interleave, quantile, ratios, spreadOf, type Lane } from './measure.js';

/** Lanes on a clock of their own: an operation takes what its lane says, and nothing else takes time. */
function lanesOf(costs: Record<string, () => number>) {
  let clock = 0;
  const order: string[] = [];
  const lanes = Object.entries(costs).map(([name, cost]): Lane => ({
    name,
    run: async (operations) => {
      order.push(name);
      for (let done = 0; done < operations; done++) clock += cost();
    },
  }));
  return { lanes, order, now: () => clock };
}

test('a lane gets one sample a round, in nanoseconds per operation', async () => {
  const { lanes, now } = lanesOf({ cheap: () => 100, dear: () => 1_000 });
  const samples = await interleave(lanes, { rounds: 5, batchMs: 1, now });
  expect(samples.get('cheap')).toEqual([100, 100, 100, 100, 100]);
  expect(samples.get('dear')).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
});

test('all lanes run in every round, and the first of a round is another each time', async () => {
  const { lanes, order, now } = lanesOf({ a: () => 1_000_000, b: () => 1_000_000, c: () => 1_000_000 });
  await interleave(lanes, { rounds: 3, batchMs: 1, now });
  expect(order.slice(-9).join('')).toBe('abcbcacab');
});

test('batches take about as long as asked for, whatever an operation costs', async () => {
  const { lanes, now } = lanesOf({ cheap: () => 50, dear: () => 20_000 });
  const batches: number[] = [];
  const timed = lanes.map((lane): Lane => ({
    name: lane.name,
    run: async (operations) => {
      const started = now();
      await lane.run(operations);
      batches.push(now() - started);
    },
  }));
  await interleave(timed, { rounds: 2, batchMs: 5, now });
  for (const batch of batches.slice(-4)) expect(batch / 5e6).toBeCloseTo(1, 1);
});

test('what slows the whole machine for a round leaves the ratio as it is', async () => {
  let slow = 1;
  const { lanes, now } = lanesOf({ limit: () => 100 * slow, lane: () => 250 * slow });
  const samples = await interleave(lanes, { rounds: 4, batchMs: 1, now, onRound: (round) => (slow = round) });
  expect(ratios(samples.get('lane')!, samples.get('limit')!)).toEqual([2.5, 2.5, 2.5, 2.5]);
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
