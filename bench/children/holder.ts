// Fills the tier in the process and says what the heap holds because of it. Needs --expose-gc.
import { setImmediate as turn } from 'node:timers/promises';
import { serveParent } from '../child-process.js';
import { collectedMemory } from '../collected-memory.js';
import type { OpenCache, Tiers } from '../contenders/contender.js';
import { contenderNamed } from '../contenders/index.js';
import { makeItem, type Item } from '../item.js';
import { concurrently } from '../measure.js';

const WIDTH = 64;

let cache: OpenCache | undefined;
const alone: Item[] = [];
let loads = 0;

/** As it comes out of a decoder: no two entries share a text. */
const decoded = (id: string): Item => JSON.parse(JSON.stringify(makeItem(id))) as Item;

serveParent({
  open: async (input: { contender: string; url: string; tiers: Tiers; l1Entries: number }) => {
    cache = await contenderNamed(input.contender).open({
      ...input,
      refills: false,
      namespace: `${input.contender}-memory`,
      load: async (id) => {
        loads++;
        // A source is never without a turn of the event loop, and a library may need one to recover.
        await turn();
        return decoded(id);
      },
    });
    // What the first call sets up for good is not the price of an entry.
    await cache.read('warm-up');
  },
  heldBytes: async () => (await collectedMemory()).heap,
  keepAlone: (entries: number) => {
    for (let index = 0; index < entries; index++) alone.push(decoded(`item-${index}`));
  },
  fill: async (entries: number) => {
    await concurrently(WIDTH, entries, (index) => cache!.read(`item-${index}`));
  },
  /** Reads `count` entries spread over all of them; answers how many had to be loaded again. */
  reread: async ({ entries, count }: { entries: number; count: number }) => {
    const before = loads;
    const step = Math.max(1, Math.floor(entries / count));
    for (let index = 0; index < entries; index += step) await cache!.read(`item-${index}`);
    return loads - before;
  },
});
