import type { BenchCase } from '../bench-case.js';
import { tiersOf } from '../contenders/contender.js';
import { makeItem, type Item } from '../item.js';
import type { Lane } from '../measure.js';
import { closeAll, loadsOf, openCaches, reloadNotes } from '../open-caches.js';
import { LIMIT, timeColumns, timeLanes, timeRows } from '../throughput.js';

const IDS = Array.from({ length: 128 }, (_, index) => `item-${index}`);
const BAR = 2.5;

/** What the decorated method would be without any cache: async, and as fast as it gets. */
class MapItems {
  private readonly items = new Map<string, Item>(IDS.map((id) => [id, makeItem(id)]));

  async find(id: string): Promise<Item | undefined> {
    return this.items.get(id);
  }
}

const sequential = (name: string, read: (id: string) => Promise<unknown>): Lane => ({
  name,
  run: async (operations) => {
    for (let done = 0; done < operations; done++) await read(IDS[done % IDS.length]!);
  },
});

export const l1Hit: BenchCase = {
  name: 'l1-hit',
  title: 'L1 hit',
  run: async (context) => {
    const caches = await openCaches(context, { tiers: tiersOf, refills: false });
    for (const { cache } of caches) for (const id of IDS) await cache.read(id);
    const before = loadsOf(caches);
    const items = new MapItems();
    const samples = await timeLanes(context, [
      sequential(LIMIT, (id) => items.find(id)),
      ...caches.map(({ name, cache }) => sequential(name, (id) => cache.read(id))),
    ]);
    const notes = reloadNotes(caches, before);
    await closeAll(caches);
    return {
      how: `One call after the other, each awaited, over ${IDS.length} entries that are in the process. Limit: the same async method answering from a Map.`,
      bar: `at most ${BAR} × the limit's time`,
      columns: timeColumns,
      rows: timeRows(
        samples,
        context.contenders.map(({ name }) => name),
        BAR,
      ),
      notes,
    };
  },
};
