import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { eventually } from '../support/eventually.js';
import type { PostgresDatabase } from '../support/postgres-server.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { testServers } from '../support/test-servers.js';
import { pick, seeded } from './children/random.js';
import { compileChildren, startChild, type Child } from './support/children.js';

const TAKEN_OVER_MS = 800;
const STEPS = 20;
/** All steps take well longer than a busy machine needs to see the first and stop the worker. */
const STEP_MS = 60;
const WORKERS = 2;
const RUN_MS = FULL_SIZE ? 90_000 : 2_000;

interface JobRow {
  id: string;
  status: string;
  attempts: number;
  checkpoint: { done: number } | null;
}

/** Processes that run jobs, and what is done to them. */
class JobWorkers {
  readonly began: { worker: number; jobId: string; from: number }[] = [];
  readonly refused: { worker: number; jobId: string; reason: string }[] = [];
  private readonly children = new Map<number, Child>();

  constructor(
    private readonly environment: Record<string, string>,
    private readonly sql: pg.Client,
  ) {}

  async start(worker: number): Promise<Child> {
    const child = await startChild(
      'job-worker',
      { worker, environment: this.environment },
      {
        began: (beginning: JobWorkers['began'][number]) => void this.began.push(beginning),
        refused: (refusal: JobWorkers['refused'][number]) => void this.refused.push(refusal),
      },
    );
    this.children.set(worker, child);
    return child;
  }

  child(worker: number): Child {
    return this.children.get(worker) as Child;
  }

  enqueue(): Promise<string> {
    const [child] = [...this.children.values()];
    return (child as Child).ask('enqueue', { steps: STEPS, stepMs: STEP_MS });
  }

  /** The worker that has the job, once it has done some of it. */
  busyWith(jobId: string): Promise<number> {
    return eventually('a worker to be at work', async () => {
      const { rows } = await this.sql.query<{ worker: number }>(
        'SELECT worker FROM steps WHERE job_id = $1 ORDER BY step DESC LIMIT 1',
        [jobId],
      );
      return rows[0]?.worker;
    });
  }

  /**
   * Stops a worker that has a job. One that is about to commit holds the job's row until the server ends its
   * transaction (after 60 s), which is not what is tried here.
   */
  async pause(worker: number, jobId: string): Promise<void> {
    const { process } = this.child(worker);
    await eventually('a worker that does not hold its job’s row', async () => {
      process.kill('SIGSTOP');
      const { rows } = await this.sql.query(
        'SELECT 1 FROM jobs WHERE id = $1 AND ended_at IS NULL FOR UPDATE SKIP LOCKED',
        [jobId],
      );
      if (rows.length > 0) return true;
      process.kill('SIGCONT');
      return undefined;
    });
  }

  ended(jobId: string): Promise<JobRow> {
    return eventually('the end of the job', async () => {
      const { rows } = await this.sql.query<JobRow>(
        'SELECT * FROM jobs WHERE id = $1 AND ended_at IS NOT NULL',
        [jobId],
      );
      return rows[0];
    });
  }

  /** Steps in their order, however often each was written. */
  async steps(jobId: string): Promise<{ step: number; worker: number; attempt: number }[]> {
    const { rows } = await this.sql.query<{ step: number; worker: number; attempt: number }>(
      'SELECT step, worker, attempt FROM steps WHERE job_id = $1 ORDER BY step, attempt',
      [jobId],
    );
    return rows;
  }

  async end(): Promise<void> {
    await Promise.all([...this.children.values()].map((child) => child.kill()));
  }
}

describe('jobs whose processes are killed and paused', () => {
  let database: PostgresDatabase;
  let redis: RedisServer;
  let sql: pg.Client;
  let workers: JobWorkers;

  beforeAll(async () => {
    compileChildren();
    [database, redis] = await Promise.all([
      testServers.postgres().then((server) => server.createDatabase()),
      startRedis(),
    ]);
    sql = new pg.Client({ connectionString: database.url, query_timeout: 10_000 });
    await sql.connect();
    workers = new JobWorkers(
      {
        NODE_ENV: 'test',
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        AUTH_SECRET: randomBytes(32).toString('base64'),
        PAGINATION_SECRET: randomBytes(32).toString('base64'),
        JOBS_TAKEN_OVER_AFTER: `${TAKEN_OVER_MS}ms`,
      },
      sql,
    );
    // The first brings the schema; the table of the steps has no key: a step that is done twice must show.
    await workers.start(0);
    await sql.query('CREATE TABLE steps (job_id uuid, step int, worker int, attempt int)');
    await Promise.all(Array.from({ length: WORKERS - 1 }, (_, at) => workers.start(at + 1)));
  }, 90_000);
  afterAll(async () => {
    await workers.end();
    await sql.end();
    await Promise.all([database.drop(), redis.stop()]);
  });

  const everyStepOnce = Array.from({ length: STEPS }, (_, step) => step);

  it('a killed worker’s job is gone on with from its checkpoint, and no step is done twice', async () => {
    const id = await workers.enqueue();
    const first = await workers.busyWith(id);
    await workers.child(first).kill();
    const job = await workers.ended(id);
    const steps = await workers.steps(id);
    expect(job.status).toBe('succeeded');
    // One that stands still for as long as one that is gone loses its job as well.
    expect(job.attempts).toBeGreaterThanOrEqual(2);
    expect(steps.map(({ step }) => step)).toEqual(everyStepOnce);
    expect(new Set(steps.map(({ worker }) => worker)).size).toBe(2);
    const resumed = workers.began.find(({ jobId, worker }) => jobId === id && worker !== first);
    expect(resumed?.from).toBe(steps.filter(({ worker }) => worker === first).length);
    await workers.start(first);
  }, 60_000);

  it('a paused worker loses its job to another one, and what it writes when it wakes is refused', async () => {
    const id = await workers.enqueue();
    const first = await workers.busyWith(id);
    await workers.pause(first, id);
    const resumed = await eventually('another worker to go on', () =>
      Promise.resolve(workers.began.find(({ jobId, worker }) => jobId === id && worker !== first)),
    );
    workers.child(first).process.kill('SIGCONT');
    const job = await workers.ended(id);
    expect(job.status).toBe('succeeded');
    expect(job.attempts).toBeGreaterThanOrEqual(2);
    const refusal = await eventually('the refusal', () =>
      Promise.resolve(workers.refused.find(({ jobId, worker }) => jobId === id && worker === first)),
    );
    expect(refusal.reason).toBe('lost');
    expect(resumed.from).toBeGreaterThan(0);
    expect((await workers.steps(id)).map(({ step }) => step)).toEqual(everyStepOnce);
  }, 60_000);

  it(
    'whatever happens to workers and to Redis, every job ends and every step is done once',
    async () => {
      const random = seeded(Number(process.env.RAPPORT_SEED ?? 1));
      const ids: string[] = [];
      const done = { killed: 0, paused: 0, emptied: 0 };
      const until = performance.now() + RUN_MS;
      while (performance.now() < until) {
        ids.push(await workers.enqueue(), await workers.enqueue());
        await sleep(random() * 300);
        // The one that is asked to order jobs stays.
        const victim = 1 + Math.floor(random() * (WORKERS - 1));
        const fate = pick(['kill', 'pause', 'redis'] as const, random);
        if (fate === 'kill') {
          await workers.child(victim).kill();
          await workers.start(victim);
          done.killed++;
        } else if (fate === 'pause') {
          workers.child(victim).process.kill('SIGSTOP');
          await sleep(random() * 2 * TAKEN_OVER_MS);
          workers.child(victim).process.kill('SIGCONT');
          done.paused++;
        } else {
          await redis.restart();
          done.emptied++;
        }
      }
      for (const id of ids) {
        expect((await workers.ended(id)).status).toBe('succeeded');
        expect((await workers.steps(id)).map(({ step }) => step)).toEqual(everyStepOnce);
      }
      process.stdout.write(
        `jobs: ${ids.length} of ${STEPS} steps; ${done.killed} workers killed, ${done.paused} paused, Redis emptied ${done.emptied} times\n`,
      );
    },
    RUN_MS + 120_000,
  );
});
