import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { isActive, type Job } from '../../../src/platform/jobs/job.js';
import { jobStream, type JobEvent } from '../../../src/platform/jobs/jobs.events.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { eventually } from '../../support/eventually.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { JobsInstance, type InstanceOptions } from './jobs-instance.js';
import { gate, ScriptedJobs, stopped } from './scripted-jobs.js';

/** Longer than a test: whoever is found by then was woken. */
const NEVER_TAKEN_OVER = { takenOverAfterMs: 3_600_000, beatEveryMs: 600_000 };
const actor: Actor = { id: newId(), role: 'user' };

describe('jobs of several processes', () => {
  let db: TestDatabase;
  let redis: RedisServer;
  let instances: JobsInstance[] = [];
  let features: ScriptedJobs;

  beforeAll(async () => {
    [db, redis] = await Promise.all([createTestDatabase(), startRedis()]);
  });
  afterAll(async () => {
    await db.close();
    await redis.stop();
  });
  beforeEach(() => {
    features = new ScriptedJobs();
  });
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    instances = [];
    await db.dataSource.query('DELETE FROM jobs');
  });

  const start = async (options: InstanceOptions = {}): Promise<JobsInstance> => {
    const instance = await JobsInstance.start(db, features, { redisUrl: redis.url, ...options });
    instances.push(instance);
    return instance;
  };
  const apiOnly = (options: InstanceOptions = {}): Promise<JobsInstance> =>
    start({ ...options, settings: { ...options.settings, run: false } });
  const order = async ({ jobs }: JobsInstance): Promise<string> =>
    (await jobs.enqueue('scripted', { userId: actor.id })).job.id;
  const until = ({ jobs }: JobsInstance, id: string, holds: (job: Job) => boolean): Promise<Job> =>
    eventually('the job', async () => {
      const job = await jobs.find(id);
      return job && holds(job) ? job : undefined;
    });
  const ended = (instance: JobsInstance, id: string): Promise<Job> =>
    until(instance, id, (job) => !isActive(job));

  /** That a job is run where nobody looks for it. One alarm may be lost while all is slow, so another one is rung. */
  const isWoken = (api: JobsInstance): Promise<true> =>
    eventually('a job that was woken for', async () => {
      const id = await order(api);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return (await api.jobs.find(id))?.status === 'succeeded' || undefined;
    });

  it('each job is run once, however many processes want it', async () => {
    const options = { keyPrefix: randomUUID(), settings: NEVER_TAKEN_OVER };
    const [api] = await Promise.all([apiOnly(options), start(options), start(options), start(options)]);
    const ids = await Promise.all(Array.from({ length: 30 }, () => order(api)));
    // One look at all of them: the database has enough to do.
    const { rows } = api;
    await eventually('all of them', async () => ((await rows.countActive()).length === 0 ? true : undefined));
    expect([...features.runs].sort()).toEqual(ids.sort());
  });

  it('a job that another process orders is begun at once, not when somebody looks', async () => {
    const options = { keyPrefix: randomUUID(), sweeps: false };
    const [api] = await Promise.all([apiOnly(options), start(options)]);
    await isWoken(api);
  });

  it('a process that has no room leaves a job to one that has', async () => {
    const end = gate();
    features.script = () => end.opened;
    const options = { keyPrefix: randomUUID(), settings: { concurrency: 1 } };
    const [api, one, other] = await Promise.all([apiOnly(options), start(options), start(options)]);
    const ids = [await order(api), await order(api)];
    await Promise.all(ids.map((id) => until(api, id, ({ status }) => status === 'running')));
    // The rows say so a moment before those who have claimed them.
    const counts = (): number[] => [one.runner.runningCount, other.runner.runningCount];
    await eventually('both to run', () => Promise.resolve(counts().every((count) => count > 0) || undefined));
    expect(counts()).toEqual([1, 1]);
    end.open();
    await Promise.all(ids.map((id) => ended(api, id)));
  });

  it('a job is stopped from another process, at once', async () => {
    features.script = async (job) => {
      throw await stopped(job);
    };
    const options = { keyPrefix: randomUUID(), settings: NEVER_TAKEN_OVER };
    const [api] = await Promise.all([apiOnly(options), start(options)]);
    const id = await order(api);
    await until(api, id, ({ status }) => status === 'running');
    // Asked for again: one word of it may be lost while all is slow.
    const end = await eventually('it to be stopped', async () => {
      const job = await api.jobs.cancel(actor, id);
      return isActive(job) ? undefined : job;
    });
    expect(end.status).toBe('cancelled');
  });

  it('a process that no longer shows signs of life loses its job, and what it still writes is refused', async () => {
    const first = await start({ keyPrefix: randomUUID() });
    const id = gate<string>();
    const resumed = gate();
    const late = gate<unknown>();
    features.script = async (job) => {
      if (job.checkpoint) {
        resumed.open();
        return { by: 'second', from: job.checkpoint.at };
      }
      await job.save({ at: 1 });
      id.open(job.id);
      await resumed.opened;
      late.open(await job.save({ at: 99 }).catch((error: unknown) => error));
      return { by: 'first' };
    };
    await order(first);
    // As if its process hung: it says nothing any more.
    jest.spyOn(first.rows, 'beat').mockImplementation(() => new Promise(() => undefined));
    const jobId = await id.opened;
    const second = await start({ keyPrefix: randomUUID() });
    await db.dataSource.query(`UPDATE jobs SET heartbeat_at = now() - interval '1 hour' WHERE id = $1`, [
      jobId,
    ]);
    expect(await late.opened).toMatchObject({ reason: 'lost' });
    expect(await ended(second, jobId)).toMatchObject({
      result: { by: 'second', from: 1 },
      checkpoint: { at: 1 },
      attempts: 2,
    });
    expect(features.ends).toHaveLength(1);
  });

  it(
    'progress is told only by the worker that has the job, and before another one can take it',
    () =>
      // A log that answers late is taken for hung, and events are kept elsewhere meanwhile.
      undisturbed(50, async () => {
        const options = { keyPrefix: randomUUID(), settings: NEVER_TAKEN_OVER, sweeps: false };
        const [worker, other] = await Promise.all([start(options), apiOnly(options)]);
        const claimAgain = (id: string): Promise<Job | undefined> =>
          other.rows.claim({ worker: newId(), kinds: ['scripted'], id, orphanedAfterMs: -1_000 });
        const percents = async (id: string): Promise<number[]> =>
          (await worker.log.read(jobStream(id), { after: 0 })).events.map(
            ({ data }) => (data as JobEvent).progress.percent,
          );
        const [lost, takenOver] = [gate<Error>(), gate<Job | undefined>()];
        const beside: (Job | undefined)[] = [];
        features.script = async (job) => {
          const save = worker.rows.save.bind(worker.rows);
          const append = worker.log.append.bind(worker.log);
          jest.spyOn(worker.log, 'append').mockImplementationOnce(async (...event) => {
            beside.push(await claimAgain(job.id));
            return append(...event);
          });
          job.report({ percent: 10 });
          await eventually('the first', async () => (await percents(job.id)).length === 1 || undefined);
          // Another worker takes it just after this one has saved what it is about to tell.
          jest.spyOn(worker.rows, 'save').mockImplementationOnce(async (...saved) => {
            const isHeld = await save(...saved);
            takenOver.open(await claimAgain(job.id));
            return isHeld;
          });
          job.report({ percent: 20 });
          lost.open(await stopped(job));
          throw new Error('too late');
        };
        const id = await order(worker);
        worker.runner.wake();
        expect(await takenOver.opened).toMatchObject({ id, fence: 2, progress: { percent: 20 } });
        expect(beside).toEqual([undefined]);
        expect(await lost.opened).toMatchObject({ reason: 'lost' });
        expect(await percents(id)).toEqual([10]);
      }),
    120_000,
  );

  it('a job whose processes die again and again is given up', async () => {
    const api = await apiOnly();
    const id = await order(api);
    await db.dataSource.query(
      `UPDATE jobs SET status = 'running', attempts = max_attempts, heartbeat_at = now() - interval '1 hour' WHERE id = $1`,
      [id],
    );
    await start();
    expect(await ended(api, id)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    expect(features.runs).toEqual([]);
  });

  it('without Redis jobs go on, begin, and are stopped, and with it again they are woken as before', async () => {
    const own = await startRedis();
    const options = { redisUrl: own.url, keyPrefix: randomUUID() };
    const [api, worker] = await Promise.all([apiOnly(options), start(options)]);
    const running = gate();
    const goOn = gate();
    features.script = async (job) => {
      running.open();
      await goOn.opened;
      await job.save({ at: 1 });
      return { done: true };
    };
    const before = await order(api);
    await running.opened;
    await own.kill();
    await eventually('the loss', () => Promise.resolve(!worker.connections.writable() || undefined));
    goOn.open();
    expect((await ended(api, before)).status).toBe('succeeded');
    expect((await ended(api, await order(api))).status).toBe('succeeded');
    features.script = async (job) => {
      throw await stopped(job);
    };
    const cancelled = await order(api);
    await until(api, cancelled, ({ status }) => status === 'running');
    await api.jobs.cancel(actor, cancelled);
    expect((await ended(api, cancelled)).status).toBe('cancelled');

    await own.restart();
    const areBack = (): boolean => [api, worker].every(({ connections }) => connections.writable());
    await eventually('its return', () => Promise.resolve(areBack() || undefined));
    features.script = () => Promise.resolve({});
    await worker.tasks.onModuleDestroy();
    await isWoken(api);
    await Promise.all(instances.map((instance) => instance.stop()));
    instances = [];
    await own.stop();
  });

  it('lets go of all its connections when it stops', async () => {
    const name = `leak-${randomUUID()}`;
    const admin = new Redis(redis.url);
    const count = async (): Promise<number> =>
      ((await admin.client('LIST')) as string).split('\n').filter((line) => line.includes('cmd=')).length;
    const before = await count();
    const instance = await start({ keyPrefix: name });
    await ended(instance, await order(instance));
    await instance.stop();
    instances = [];
    await eventually('the connections to go', async () => ((await count()) <= before ? true : undefined));
    admin.disconnect();
  });

  it('jobs are woken through a Cluster', async () => {
    const cluster = await startRedisCluster({ replicas: 0 });
    const options = {
      redisUrl: undefined,
      clusterNodes: cluster.startupNodes,
      keyPrefix: randomUUID(),
      sweeps: false,
    };
    const [api] = await Promise.all([apiOnly(options), start(options)]);
    await isWoken(api);
    await Promise.all(instances.map((instance) => instance.stop()));
    instances = [];
    await cluster.stop();
  });
});
