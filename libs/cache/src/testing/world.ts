import type { Checker, Versioned, WatchedEvict } from './checker.js';
import type { Choices } from './choices.js';
import type { Lane, Network } from './network.js';
import { outcomeOf, type ExploredInstance, type ExploredWrite, type Subject } from './subject.js';
import type { TwinProcess } from './twin-process.js';

/** One process of a schedule: its code under test, and everything that would vanish with it. */
export class Actor {
  private readonly lanes: Lane[] = [];
  private readonly commits: Lane[] = [];
  /** Reads and writes that were begun and have not ended. */
  private open = 0;

  private started?: ExploredInstance;

  constructor(
    readonly process: TwinProcess,
    private readonly network: Network,
    private readonly checker: Checker,
  ) {}

  /** The code under test; there once {@link start} has resolved. */
  get instance(): ExploredInstance {
    return this.started!;
  }

  /** Starts the code under test; resolves at once when that takes no time. */
  start(subject: Subject): Promise<void> | void {
    const instance = subject.start(this.process.backend, { load: (key) => this.load(key) });
    if (!(instance instanceof Promise)) {
      this.started = instance;
      return;
    }
    return instance.then((ready) => {
      this.started = ready;
    });
  }

  async stop(): Promise<void> {
    await this.started?.stop?.();
  }

  get isBusy(): boolean {
    return this.process.isAlive && this.open > 0;
  }

  /** Reads `key` again and again, each time as a step of its own. */
  reads(key: string, times: number): void {
    void this.work(async (turn) => {
      for (let left = times; left > 0; left--) {
        await turn(`calls read(${key})`);
        await this.read(key);
      }
    });
  }

  /** @param reader - reads the key when the write has ended, as a user does who was told so */
  writes(write: ExploredWrite, key: string, allKeys: readonly string[], reader?: Actor): void {
    void this.work(async (turn) => {
      await turn(`calls ${write.name}(${key})`);
      const evict = this.checker.evictBegan(this.process, write.wide ? allKeys : [key]);
      const answer = await write.run(key, () => this.commit(key, write, evict));
      this.checker.evictEnded(evict, outcomeOf(answer));
      if (reader?.process.isAlive) reader.reads(key, 1);
    });
  }

  /** Reads every key once, when everything else is over. */
  readsLast(keys: readonly string[]): void {
    void this.work(() => Promise.all(keys.map((key) => this.read(key, true))));
  }

  private async read(key: string, last = false): Promise<void> {
    const read = this.checker.readBegan(this.process, key);
    const value = await this.instance.read(key);
    this.checker.readEnded(read, value);
    if (last) this.checker.readLast(read, value);
  }

  /**
   * As SIGKILL does.
   *
   * @param sentArrives - whether what the process had sent, to the server and to its database, still takes place
   */
  kill(sentArrives: boolean): void {
    this.process.kill(sentArrives);
    for (const lane of this.lanes) lane.clear();
    if (!sentArrives) for (const lane of this.commits) lane.clear();
  }

  private async load(key: string): Promise<Versioned> {
    const load = this.checker.loadBegan(key);
    const turn = this.turns();
    await turn(`reads ${key} from the source`);
    const version = this.checker.version(key);
    await turn(`gets version ${version} of ${key} from the source`);
    return { key, version, load };
  }

  private commit(key: string, write: ExploredWrite, evict: WatchedEvict): Promise<Versioned> {
    const database = this.network.lane();
    this.commits.push(database);
    const turn = this.turns();
    return new Promise((resolve) => {
      database.post(
        () => `${this.process.name}'s write of ${key} is committed`,
        () => {
          this.checker.voidFromNow(evict);
          const row = this.checker.committed(this.process, key, write.announced ?? false);
          if (!this.process.isAlive) return;
          void turn(`hears of its commit of ${key}`).then(() => {
            if (!write.keeps) this.checker.voidFromNow(evict);
            resolve(row);
          });
        },
      );
    });
  }

  private async work(run: (turn: Turn) => Promise<unknown>): Promise<void> {
    this.open++;
    try {
      await run(this.turns());
    } catch (error) {
      this.checker.caught(this.process, error);
    }
    this.open--;
  }

  private turns(): Turn {
    const lane = this.network.lane();
    this.lanes.push(lane);
    return (label) =>
      new Promise((resolve) => {
        if (this.process.isAlive) lane.post(() => `${this.process.name} ${label}`, resolve);
      });
  }
}

/** Resolves when the schedule lets the process go on. */
type Turn = (label: string) => Promise<void>;

/** Gives every actor something to do: reads and writes of few keys, so that they meet. */
export function assign(choices: Choices, actors: readonly Actor[], keys: readonly string[]): void {
  for (let tasks = 2 + choices.below(5); tasks > 0; tasks--) {
    const kind = choices.below(3 + actors[0]!.instance.writes.length);
    if (kind === 0) continue;
    const actor = choices.pick(actors);
    const key = choices.pick(keys);
    const write = actor.instance.writes[kind - 3];
    if (write) actor.writes(write, key, keys, actors[choices.below(1 + actors.length) - 1]);
    else actor.reads(key, 1 + choices.below(3));
  }
}
