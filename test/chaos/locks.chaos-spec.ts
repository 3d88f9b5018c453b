import { setTimeout as sleep } from 'node:timers/promises';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import type { PostgresDatabase } from '../support/postgres-server.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { testServers } from '../support/test-servers.js';
import { eventually } from '../support/eventually.js';
import { seeded } from './children/random.js';
import { faultsOf, type Change, type Grant, type LockHistory } from './locks/lock-history.js';
import { LockWorld } from './locks/lock-world.js';
import { compileChildren } from './support/children.js';

const RUN_MS = FULL_SIZE ? 90_000 : 4_000;
const PATIENCE_MS = 30_000;
const HOLDERS = 4;

describe('a lock around a guarded write', () => {
  let redis: RedisServer;
  let database: PostgresDatabase;
  let world: LockWorld | undefined;

  beforeAll(async () => {
    compileChildren();
    redis = await startRedis();
  }, 60_000);
  afterAll(() => redis.stop());
  beforeEach(async () => {
    database = await (await testServers.postgres()).createDatabase();
  });
  afterEach(async () => {
    await world?.kill();
    await database.drop();
  });

  it(
    'never lets two holders overlap: holders killed, paused past their lease, Redis flushed and restarted',
    async () => {
      const random = seeded(Number(process.env.RAPPORT_SEED ?? 1));
      const fate = (): 'none' | 'pause' | 'kill' => {
        const chance = random();
        if (chance < 0.3) return 'pause';
        return chance < 0.4 ? 'kill' : 'none';
      };
      world = new LockWorld(redis, database, { fenced: true, fate });
      await world.start(HOLDERS);
      const { counts } = world;
      const wasSeen = (): boolean =>
        Math.min(counts.written, counts.paused, counts.refused, counts.noticed) > 0;
      const end = performance.now() + RUN_MS;
      // A slow machine needs longer until all of it has come to pass.
      const isOver = (): boolean => {
        const now = performance.now();
        return now >= end && (wasSeen() || now >= end + PATIENCE_MS);
      };
      for (let round = 0; !isOver(); round++) {
        await sleep(200 + random() * 500);
        await world.forget(round % 4 === 3 ? 'restart' : 'flush');
      }
      const { written, refused, paused, killed, noticed } = counts;
      const history = await world.end();
      process.stdout.write(
        `locks: ${history.grants.length} grants, ${written} writes; ${paused} holders paused, ${killed} killed, ` +
          `Redis emptied ${history.forgotten.length} times; ${refused} stale changes refused, ${noticed} losses noticed\n`,
      );
      expect(faultsOf(history)).toEqual([]);
      expect(wasSeen()).toBe(true);
    },
    RUN_MS + PATIENCE_MS + 60_000,
  );

  it('does let them overlap where nobody compares fences: the test would see it', async () => {
    const paused = new Set<number>();
    const fate = (holder: number): 'none' | 'pause' => {
      if (paused.has(holder)) return 'none';
      paused.add(holder);
      return 'pause';
    };
    world = new LockWorld(redis, database, { fenced: false, fate });
    await world.start(2);
    const { counts } = world;
    // Both have been paused past their lease, and gone on as if nothing had happened.
    await eventually('some writes', () =>
      Promise.resolve(counts.paused === 2 && counts.written >= 4 ? true : undefined),
    );
    expect(faultsOf(await world.end())).toContainEqual(expect.stringContaining('a change was lost'));
  }, 60_000);
});

describe('the checker of locks', () => {
  const grant = (holder: number, fence: number, from: number, to: number): Grant => ({
    holder,
    fence,
    askedAt: from - 1,
    grantedAt: from,
    heldAt: to,
  });
  const claim = (fence: number, value: number): Change => ({ kind: 'claim', fence, value });
  const write = (fence: number, value: number): Change => ({ kind: 'write', fence, value });
  const good: LockHistory = {
    grants: [grant(0, 10, 100, 150), grant(1, 11, 200, 250)],
    journal: [claim(10, 0), write(10, 1), claim(11, 1), write(11, 2)],
    forgotten: [],
  };

  it('has nothing to say about holders in turn', () => {
    expect(faultsOf(good)).toEqual([]);
  });

  it.each<[string, Partial<LockHistory>, string]>([
    ['a fence that goes back', { journal: [claim(11, 0), claim(10, 0)] }, '10 took the row after holder 11'],
    [
      'a write of who has been followed',
      { journal: [claim(10, 0), claim(11, 0), write(10, 1)] },
      '10 wrote, when 11',
    ],
    [
      'a lost change',
      { journal: [claim(10, 0), write(10, 1), claim(11, 0), write(11, 1)] },
      'a change was lost',
    ],
    [
      'a fence given out twice',
      { grants: [grant(0, 10, 100, 150), grant(1, 10, 200, 250)] },
      'given out twice',
    ],
    [
      'fences out of order',
      { grants: [grant(0, 11, 100, 150), grant(1, 10, 200, 250)] },
      '10 was given out after 11',
    ],
    [
      'two that are sure',
      { grants: [grant(0, 10, 100, 220), grant(1, 11, 200, 250)] },
      '10 and 11 were sure of the lock at the same time',
    ],
  ])('sees %s', (_what, broken, fault) => {
    expect(faultsOf({ ...good, ...broken })).toEqual([expect.stringContaining(fault)]);
  });

  it('excuses two that are sure when Redis was emptied between them', () => {
    const grants = [grant(0, 10, 100, 220), grant(1, 11, 200, 250)];
    expect(faultsOf({ ...good, grants, forgotten: [{ from: 180, to: 190 }] })).toEqual([]);
    expect(faultsOf({ ...good, grants, forgotten: [{ from: 300, to: 310 }] })).not.toEqual([]);
  });
});
