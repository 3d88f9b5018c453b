import {
  cacheStatusHeader,
  runWithCacheStatus,
  type CacheServiceStats,
} from '../../../libs/cache/src/index.js';
import {
  machineMs,
  type EvictRecord,
  type History,
  type LoadRecord,
  type ReadRecord,
  type StallRecord,
} from './history.js';
import { faultOf, type Item } from './item.js';

/** How often the control timer is due, and from which lateness on it counts, in ms. */
const CONTROL_MS = 5;
const LATE_MS = 2;

/** Where a process writes down what it does and sees. */
export class Notebook {
  private readonly reads: ReadRecord[] = [];
  private readonly evicts: EvictRecord[] = [];
  private readonly loads: LoadRecord[] = [];
  private readonly stalls: StallRecord[] = [];

  constructor(private readonly process: number) {}

  async read(cache: string, key: string, stats: CacheServiceStats, read: () => Promise<Item>): Promise<void> {
    const cutOff = stats.breaker !== 'closed' || stats.pendingEvictions > 0;
    const common = { process: this.process, cache, key, cutOff, start: machineMs() };
    try {
      await runWithCacheStatus(async () => {
        const item = await read();
        const end = machineMs();
        const own = cacheStatusHeader()?.includes('detail=l1') ?? false;
        const fault = faultOf(item, `${cache} ${key}`);
        this.reads.push({ ...common, end, own, version: item?.version, fault });
      });
    } catch (error) {
      this.reads.push({ ...common, end: machineMs(), own: false, fault: String(error) });
    }
  }

  async load<T>(cache: string, key: string, load: () => Promise<T>): Promise<T> {
    const start = machineMs();
    try {
      return await load();
    } finally {
      this.loads.push({ process: this.process, cache, key, start, end: machineMs() });
    }
  }

  evicted(cache: string, key: string, version: number, outcome: 'applied' | 'pending'): void {
    this.evicts.push({ process: this.process, cache, key, at: machineMs(), version, outcome });
  }

  fault(fault: string): void {
    const now = machineMs();
    const nowhere = { process: this.process, cache: '', key: '', own: false, cutOff: false };
    this.reads.push({ ...nowhere, start: now, end: now, fault });
  }

  /** From when on a timer that is due every few milliseconds was kept waiting, and until when. */
  watchTimers(): void {
    const due = machineMs() + CONTROL_MS;
    setTimeout(() => {
      const now = machineMs();
      if (now - due > LATE_MS) this.stalls.push({ process: this.process, start: due, end: now });
      this.watchTimers();
    }, CONTROL_MS);
  }

  history(): History {
    const { reads, evicts, loads, stalls } = this;
    return { reads, evicts, loads, stalls };
  }
}
