import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheEngine } from '../../../libs/cache/src/cache-engine.js';
import { handleOf } from '../../../libs/cache/src/testing/cache.contract.js';
import { check, type Findings } from '../../chaos/checker.js';
import { copiedItems, sharedItems } from '../../chaos/children/caches.js';
import { joined, type History } from '../../chaos/children/history.js';
import { Notebook } from '../../chaos/children/notebook.js';
import { pick, seeded } from '../../chaos/children/random.js';
import { Source } from '../../chaos/support/source.js';

/** Enough for every node of a Cluster to have some. */
const KEYS = Array.from({ length: 24 }, (_, at) => `k${at}`);
const CACHES = [sharedItems, copiedItems];
const READERS = 6;
const PROMISES = { deadlineMs: 50, patienceMs: 0, trustMs: 2_000, slackMs: 5 };

/** Reads and writes of several instances, written down for the checker. */
export class FailoverTraffic {
  readonly source: Source;
  private readonly random = seeded(1);
  private readonly notebooks: readonly Notebook[];
  private running = true;
  private readonly loops: Promise<void>[];

  constructor(private readonly engines: readonly CacheEngine[]) {
    this.source = new Source(this.random, [1, 4]);
    this.notebooks = engines.map((_, id) => new Notebook(id));
    this.loops = engines.flatMap((engine, id) => [
      this.writeOn(engine, id),
      ...Array.from({ length: READERS }, () => this.readOn(engine, id)),
    ]);
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  get history(): History {
    return joined(this.notebooks.map((notebook) => notebook.history()));
  }

  get findings(): Findings {
    return check(this.history, PROMISES);
  }

  /** Evicts every entry, through the instances in turn; answers what became of it. */
  async evictAll(): Promise<Set<string>> {
    const outcomes = new Set<string>();
    for (const [at, key] of KEYS.entries()) {
      const engine = this.engines[at % this.engines.length]!;
      for (const cache of CACHES) {
        await this.source.commit(`${cache.name} ${key}`);
        outcomes.add(await handleOf(engine, cache).evict([key]));
      }
    }
    return outcomes;
  }

  /** Entries that some instance does not show as they are. */
  async outdated(): Promise<string[]> {
    const found: string[] = [];
    for (const [id, engine] of this.engines.entries()) {
      for (const cache of CACHES) {
        for (const key of KEYS) {
          const name = `${cache.name} ${key}`;
          const { version } = await handleOf(engine, cache).getOrLoad([key], () => this.source.load(name));
          const current = this.source.versionOf(name);
          if (version !== current) found.push(`instance ${id}: ${name} is ${version}, not ${current}`);
        }
      }
    }
    return found;
  }

  private async readOn(engine: CacheEngine, id: number): Promise<void> {
    const notebook = this.notebooks[id]!;
    while (this.running) {
      const cache = pick(CACHES, this.random);
      const key = pick(KEYS, this.random);
      const load = () => notebook.load(cache.name, key, () => this.source.load(`${cache.name} ${key}`));
      await notebook.read(cache.name, key, engine.stats(), () =>
        handleOf(engine, cache).getOrLoad([key], load),
      );
      await sleep(this.random() * 5);
    }
  }

  private async writeOn(engine: CacheEngine, id: number): Promise<void> {
    while (this.running) {
      const cache = pick(CACHES, this.random);
      const key = pick(KEYS, this.random);
      const handle = handleOf(engine, cache);
      const commit = () => this.source.commit(`${cache.name} ${key}`);
      const plain = this.random() < 0.5;
      const version = await (plain ? commit() : handle.evictAround([key], commit));
      const outcome = plain
        ? await handle.evict([key])
        : engine.stats().pendingEvictions > 0
          ? 'pending'
          : 'applied';
      this.notebooks[id]!.evicted(cache.name, key, version, outcome);
      await sleep(5 + this.random() * 20);
    }
  }
}
