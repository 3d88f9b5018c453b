import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase, BenchContext } from '../bench-case.js';
import { startChild, type Child } from '../child-process.js';
import { connect } from '../contenders/connection.js';
import { tiersOf, type OpenCache } from '../contenders/contender.js';
import { makeItem } from '../item.js';
import { quantile } from '../measure.js';
import type { Row } from '../result.js';
import { LIMIT } from '../contenders/limit.js';

const BAR = 3;
const CHANNEL = 'bench:one-way';

/** Delays in nanoseconds; undefined where the watching instance heard nothing within a second. */
type Delays = Map<string, (number | undefined)[]>;

const now = (): number => Number(process.hrtime.bigint());

/** Begins the watch, gives it a moment to be under way, acts, and answers how long it took to be seen. */
async function delayOf(other: Child, act: () => Promise<unknown>): Promise<number | undefined> {
  const seen = other.ask<number | undefined>('watch');
  await sleep(2);
  const started = now();
  const [at] = await Promise.all([seen, act()]);
  return at === undefined ? undefined : at - started;
}

async function measure(context: BenchContext, other: Child, caches: Map<string, OpenCache>): Promise<Delays> {
  const publisher = await connect(context.redis.url);
  await other.ask('subscribe', { url: context.redis.url, channel: CHANNEL });
  const delays: Delays = new Map([LIMIT, ...caches.keys()].map((name) => [name, []]));
  const samples = context.quick ? 20 : 1_000;
  for (let sample = 0; sample < samples; sample++) {
    if (sample % 50 === 0) context.progress(`${sample} of ${samples}`);
    await other.ask('armMessage');
    delays.get(LIMIT)!.push(await delayOf(other, () => publisher.publish(CHANNEL, 'evicted')));
    for (const [name, cache] of caches) {
      const heard = delays.get(name)!;
      // Hears nothing: a second each time would say no more.
      if (heard.length === 3 && heard.every((delay) => delay === undefined)) continue;
      const id = `item-${sample % 64}`;
      await other.ask('arm', { contender: name, id });
      heard.push(await delayOf(other, () => cache.evict(id)));
    }
  }
  publisher.disconnect();
  return delays;
}

function rowOf(name: string, delays: Delays): Row {
  const own = delays.get(name);
  if (!own) return { name, cells: { p50: null, p99: null, ratio: null, missed: null } };
  const heard = own.filter((delay) => delay !== undefined);
  const missed = own.length - heard.length;
  if (heard.length === 0)
    return { name, cells: { p50: 'not told', p99: 'not told', ratio: null, missed }, met: false };
  const p99 = quantile(heard, 0.99);
  const ratio =
    p99 /
    quantile(
      delays.get(LIMIT)!.filter((delay) => delay !== undefined),
      0.99,
    );
  const cells = { p50: quantile(heard, 0.5), p99, ratio, missed };
  return name === LIMIT ? { name, cells } : { name, cells, met: ratio <= BAR && missed === 0 };
}

export const otherInstance: BenchCase = {
  name: 'other-instance',
  title: "An evict reaches another instance's L1",
  run: async (context) => {
    const other = startChild(new URL('../children/reader.js', import.meta.url));
    const caches = new Map<string, OpenCache>();
    try {
      for (const contender of context.contenders) {
        if (tiersOf(contender) !== 'both') continue;
        const setup = {
          url: context.redis.url,
          namespace: `${contender.name}-bus`,
          tiers: 'both',
          refills: true,
          l1Entries: 10_000,
        } as const;
        caches.set(contender.name, await contender.open({ ...setup, load: async (id) => makeItem(id) }));
        await other.ask('open', { contender: contender.name, ...setup, loadMs: 0 });
      }
      const delays = await measure(context, other, caches);
      return {
        how: 'From the call of the evict until a read that begins in another process gets a new value; that process reads without pause. Limit: from PUBLISH until the handler of a bare subscriber in that process.',
        bar: `p99 at most ${BAR} × the limit's, none missed`,
        columns: [
          { key: 'p50', title: 'p50', unit: 'time' },
          { key: 'p99', title: 'p99', unit: 'time' },
          { key: 'ratio', title: 'p99 / limit', unit: 'ratio' },
          { key: 'missed', title: 'not seen within 1 s', unit: 'count' },
        ],
        rows: [LIMIT, ...context.contenders.map(({ name }) => name)].map((name) => rowOf(name, delays)),
        notes: ['Libraries without a tier in the process have nothing to be told.'],
      };
    } finally {
      for (const cache of caches.values()) await cache.close();
      await other.end();
    }
  },
};
