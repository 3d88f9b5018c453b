// One instance of a service, in a process of its own: reads when told to, and watches for what others evict.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { serveParent } from '../child-process.js';
import { connect } from '../contenders/connection.js';
import type { OpenCache, Tiers } from '../contenders/contender.js';
import { contenderNamed } from '../contenders/index.js';
import { makeItem } from '../item.js';

const WATCH_MS = 1_000;

const caches = new Map<string, OpenCache>();
let loads = 0;
let armed: (() => Promise<number | undefined>) | undefined;
let published: number | undefined;

const now = (): number => Number(process.hrtime.bigint());

/** Reads until another load's value comes; answers when that read began, in nanoseconds. */
async function watch(cache: OpenCache, id: string, revision: number): Promise<number | undefined> {
  const started = now();
  for (;;) {
    const at = now();
    if ((await cache.read(id)).revision !== revision) return at;
    if (at - started > WATCH_MS * 1e6) return undefined;
    await turn();
  }
}

/** The same loop around a bare message. */
async function watchMessage(): Promise<number | undefined> {
  published = undefined;
  const started = now();
  while (published === undefined) {
    if (now() - started > WATCH_MS * 1e6) return undefined;
    await turn();
  }
  return published;
}

serveParent({
  open: async (input: {
    contender: string;
    url: string;
    namespace: string;
    tiers: Tiers;
    loadMs: number;
  }) => {
    const cache = await contenderNamed(input.contender).open({
      ...input,
      refills: true,
      l1Entries: 10_000,
      load: async (id) => {
        const revision = ++loads + process.pid * 1_000_000;
        if (input.loadMs) await sleep(input.loadMs);
        return makeItem(id, revision);
      },
    });
    caches.set(input.contender, cache);
  },
  subscribe: async ({ url, channel }: { url: string; channel: string }) => {
    const redis = await connect(url);
    redis.on('message', () => (published = now()));
    await redis.subscribe(channel);
  },
  /** How many loads it took this process to answer so many calls at once. */
  readTogether: async (input: { contender: string; id: string; calls: number; at: number }) => {
    const cache = caches.get(input.contender)!;
    const before = loads;
    await sleep(Math.max(0, input.at - Date.now()));
    await Promise.all(Array.from({ length: input.calls }, () => cache.read(input.id)));
    return loads - before;
  },
  /** Makes sure that the entry is in this process, then watches it once the answer has left. */
  arm: async ({ contender, id }: { contender: string; id: string }) => {
    const cache = caches.get(contender)!;
    for (let time = 0; time < 3; time++) await cache.read(id);
    const { revision } = await cache.read(id);
    armed = () => watch(cache, id, revision);
  },
  armMessage: () => {
    armed = watchMessage;
  },
  watch: () => armed!(),
});
