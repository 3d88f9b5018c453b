import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { pick, seeded } from './children/random.js';
import { compileChildren, startChild, type Child } from './support/children.js';
import { Source } from './support/source.js';

/** Processes that are killed; each is in the middle of several writes then. */
const KILLS = Number(process.env.CHAOS_KILLS ?? (FULL_SIZE ? 200 : 12));
const WRITES = 4;
/** Processes at a time. */
const WIDTH = 2;
/** Longest time in which a write is under way, in ms; kills are spread over it. */
const WRITE_MS = 25;
/** A hold ends by itself, counted from its writer's last sign of life: much sooner here than the cache has it. */
const HOLD_LASTS_MS = FULL_SIZE ? 30_000 : 6_000;
const HOLDS_END_MS = HOLD_LASTS_MS + 1_000;

const POINTS = ['before the commit', 'after the commit', 'after the evict'] as const;
type Point = (typeof POINTS)[number];

/** Writers that are killed on the way, and readers that fill all the time. */
class KilledWriters {
  readonly source: Source;
  readonly keys: string[] = [];
  /** How many writes had got how far when their process was killed. */
  readonly cutOff = new Map<Point | 'before anything', number>();
  /** How many were given that time; 0 when the cache has another one than the writers know of. */
  holds = 0;
  private readers: Child[] = [];

  constructor(
    private readonly server: RedisServer,
    private readonly prefix: string,
    private readonly hold: boolean,
    private readonly random: () => number,
  ) {
    this.source = new Source(random, [1, 4]);
  }

  async start(): Promise<void> {
    const handlers = { load: (key: string) => this.source.load(key) };
    const settings = { port: this.server.port, prefix: this.prefix };
    this.readers = await Promise.all([1, 2].map(() => startChild('reader', settings, handlers)));
  }

  /** Kills so many processes, each in the middle of its writes. */
  async kill(count: number): Promise<void> {
    const left = Array.from({ length: count }, (_, at) => at);
    const work = async (): Promise<void> => {
      for (let at = left.pop(); at !== undefined; at = left.pop()) {
        await this.killOne(Array.from({ length: WRITES }, (_, write) => `k${at}-${write}`));
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
  }

  /** What is shown instead of the last commit, by any reader. */
  async stale(): Promise<string[]> {
    const shown = await Promise.all(
      this.readers.map((reader) => reader.ask<[string, string, number][]>('shown', this.keys)),
    );
    return shown
      .flat()
      .filter(([key, , version]) => version < this.source.versionOf(key))
      .map(([key, cache, version]) => `${cache} ${key} is ${version}, not ${this.source.versionOf(key)}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.kill()));
  }

  /** At an exact point of the first write, or at any moment. */
  private async killOne(keys: string[]): Promise<void> {
    const target = pick([...POINTS, undefined, undefined, undefined], this.random);
    const reached = new Map<string, Point>();
    const handlers = {
      commit: (key: string) => this.source.commit(key),
      reached: ({ key, point, holds = 0 }: { key: string; point: Point; holds?: number }) => {
        this.holds += holds;
        reached.set(key, point);
        if (point === target && key === keys[0]) writer.process.kill('SIGKILL');
      },
    };
    const settings = {
      port: this.server.port,
      prefix: this.prefix,
      hold: this.hold,
      holdMs: HOLD_LASTS_MS,
    };
    const writer: Child = await startChild('writer', settings, handlers);
    await this.tellReaders('watch', keys);
    this.keys.push(...keys);
    for (const key of keys) {
      writer.ask('change', key).catch(() => undefined);
      await sleep(this.random() * 5);
    }
    if (target === undefined) {
      await sleep(this.random() * WRITE_MS);
      writer.process.kill('SIGKILL');
    }
    await writer.ended;
    for (const key of keys) {
      const point = reached.get(key) ?? 'before anything';
      this.cutOff.set(point, (this.cutOff.get(point) ?? 0) + 1);
    }
    await this.tellReaders('leave', keys);
  }

  private async tellReaders(command: 'watch' | 'leave', keys: readonly string[]): Promise<void> {
    await Promise.all(this.readers.flatMap((reader) => keys.map((key) => reader.ask(command, key))));
  }
}

describe('a writer that is killed between its hold, its commit and its evict', () => {
  let server: RedisServer;

  beforeAll(async () => {
    compileChildren();
    server = await startRedis();
  });

  afterAll(() => server.stop());

  it(
    `leaves nothing stale behind when its hold has ended: ${KILLS} processes in ${KILLS * WRITES} writes`,
    async () => {
      const writers = new KilledWriters(server, 'held', true, seeded(1));
      try {
        await writers.start();
        await writers.kill(KILLS);
        expect(writers.keys).toHaveLength(KILLS * WRITES);
        expect(writers.holds).toBeGreaterThan(0);
        const early = await writers.stale();
        await sleep(HOLDS_END_MS);
        const stale = await writers.stale();
        process.stdout.write(
          `killed writers: ${KILLS} in ${writers.keys.length} writes, ${[...writers.cutOff].map(([point, count]) => `${count} ${point}`).join(', ')}; ` +
            `${writers.source.commits} commits; stale at once ${early.length}, after their holds ${stale.length}\n`,
        );
        expect(early).toEqual([]);
        expect(stale).toEqual([]);
      } finally {
        await writers.stop();
      }
    },
    120_000 + KILLS * 3_000,
  );

  it('leaves something stale behind where nobody holds: the test would see it', async () => {
    const writers = new KilledWriters(server, 'unheld', false, seeded(2));
    try {
      await writers.start();
      await writers.kill(6);
      expect((await writers.stale()).length).toBeGreaterThan(0);
    } finally {
      await writers.stop();
    }
  }, 60_000);
});
