import { systemClock, type Clock } from '../clock.js';
import { MemoryStore } from '../tiers/memory-store.js';
import type { Tier } from '../tiers/tier.js';
import { directNetwork, type Network } from './network.js';
import { TwinProcess } from './twin-process.js';
import type { AfterReconnect, Endpoint } from './twin-connection.js';
import type { TwinWatch } from './twin-tier.js';

/** Options of {@link TwinRedis}; without any, everything is delivered at once, in real time. */
export interface TwinRedisOptions {
  /** @default the clock of the process */
  clock?: Clock;
  /** When requests, answers and notices arrive. @default right after the running code */
  network?: Network;
  /** What the server does, one atomic step a method. @default a new one with room for 100,000 entries */
  store?: MemoryStore;
  /** Time for one command. @default 50 */
  deadlineMs?: number;
  /** What clients do with commands whose answer was lost with the connection. @default `"fail"` */
  afterReconnect?: AfterReconnect;
  /** Told of what takes place at the server. */
  watch?: TwinWatch;
  /** Puts something between the engines and the server; what it asks is still guarded and takes its time. */
  tier?: (tier: Tier) => Tier;
}

/**
 * The in-memory twin of one Redis server and of the links to it. Each engine gets a backend of its own with
 * {@link connect}; engines of one twin share their entries and hear each other's evicts, as processes do.
 *
 * @example
 * const twin = new TwinRedis();
 * const app = await Test.createTestingModule({
 *   imports: [CacheModule.forRoot({ backend: twin.connect('app').backend }), ShopModule],
 * }).compile();
 */
export class TwinRedis implements Endpoint {
  readonly clock: Clock;
  readonly network: Network;
  readonly store: MemoryStore;
  readonly options: Readonly<TwinRedisOptions>;
  private readonly processes = new Map<string, TwinProcess>();
  private readonly backlog: (() => void)[] = [];
  private paused = false;

  constructor(options: TwinRedisOptions = {}) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.network = options.network ?? directNetwork;
    this.store = options.store ?? new MemoryStore(100_000, this.clock);
  }

  /**
   * A process that uses the server.
   *
   * @param name - without spaces; names the process in printed schedules
   * @throws Error when the name is taken
   */
  connect(name: string): TwinProcess {
    if (this.processes.has(name))
      throw new Error(`the twin has a process "${name}" already; name this one otherwise.`);
    const process = new TwinProcess(name, this);
    this.processes.set(name, process);
    return process;
  }

  /** Requests arrive but are not answered until {@link resume}. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const execute of this.backlog.splice(0)) execute();
  }

  /** The server dies and comes back without its data; every connection breaks. */
  restart(): void {
    this.paused = false;
    this.backlog.length = 0;
    this.store.flush();
    this.options.watch?.flushed();
    for (const process of this.processes.values()) process.cut();
  }

  /** @internal */
  arrive(execute: () => void): void {
    if (this.paused) this.backlog.push(execute);
    else execute();
  }

  /** @internal */
  forget(name: string): void {
    this.processes.delete(name);
  }
}
