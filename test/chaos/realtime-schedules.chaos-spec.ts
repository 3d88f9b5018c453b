import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { START_MS } from '../support/service.js';
import { parsed } from './realtime/schedule.js';
import { report, round, schedulesOf } from './realtime/rounds.js';
import { World } from './realtime/world.js';

// RAPPORT_SEED=7 or 7,8,9 runs these together; RAPPORT_SCHEDULE takes schedules as they are printed, one a line.
const SEEDS = process.env.RAPPORT_SEED?.split(',').map(Number);
const SCHEDULES = process.env.RAPPORT_SCHEDULE?.split('\n').filter(Boolean).map(parsed);
const SIZE = FULL_SIZE ? { steps: 24, faults: 1, pause: 600 } : { steps: 12, faults: 1, pause: 500 };
const TOGETHER = FULL_SIZE ? 5 : 4;
const ROUNDS = FULL_SIZE ? 42 : 1;
const ROUND_MS = 120_000;

const numbers = (from: number): number[] => Array.from({ length: TOGETHER }, (_, index) => from + index);
const groups = SEEDS ? [SEEDS] : Array.from({ length: ROUNDS }, (_, index) => numbers(1 + index * TOGETHER));
const plans = SCHEDULES ? [SCHEDULES] : groups.map((seeds) => schedulesOf(seeds, SIZE));

describe('whatever happens to links, Redis and instances, every device ends up with what is stored', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  }, START_MS);
  afterAll(() => world?.stop(), START_MS);

  it.each(plans.map((plan) => [plan.map(({ seed }) => seed).join(', '), plan] as const))(
    'seeds %s',
    async (_seeds, plan) => {
      const found = report(await round(world, plan));
      if (found) process.stdout.write(`${found}\n${world.output()}\n`);
      expect(found).toBe('');
    },
    ROUND_MS,
  );
});
