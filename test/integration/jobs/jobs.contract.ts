import type { Actor } from '../../../src/platform/actor/actor.js';
import { platformErrors } from '../../../src/platform/errors/platform.errors.js';
import type { LogEvent } from '../../../src/platform/events/event-log.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { isActive, type Job } from '../../../src/platform/jobs/job.js';
import { jobStream, ownerStream } from '../../../src/platform/jobs/jobs.events.js';
import { Shutdown } from '../../../src/platform/shutdown/shutdown.js';
import { JobStopped } from '../../../src/platform/jobs/running-job.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { eventually } from '../../support/eventually.js';
import type { JobsInstance } from './jobs-instance.js';
import { gate, ScriptedJobs, stopped } from './scripted-jobs.js';

/** What jobs promise, wherever their rows are and whatever wakes the workers. */
export function describeJobs(start: (features: ScriptedJobs) => Promise<JobsInstance>): void {
  let instance: JobsInstance;
  let features: ScriptedJobs;
  let actor: Actor;

  const begin = async (): Promise<void> => {
    features = new ScriptedJobs();
    actor = { id: newId(), role: 'user' };
    instance = await start(features);
  };
  const end = async (): Promise<void> => {
    await instance.stop();
    await instance.database.manager.query('DELETE FROM jobs');
  };
  beforeEach(begin);
  afterEach(end);

  /** For what is told: a log that answers late is taken for hung, and events are kept elsewhere meanwhile. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    let isFirst = true;
    await undisturbed(50, async () => {
      if (!isFirst) {
        await end();
        await begin();
      }
      isFirst = false;
      await work();
    });
  };

  const order = async (kind = 'scripted', key?: string): Promise<Job> =>
    (await instance.jobs.enqueue(kind, { userId: actor.id, key, payload: { note: 'n' } })).job;
  const until = (id: string, holds: (job: Job) => boolean): Promise<Job> =>
    eventually('the job', async () => {
      const job = await instance.jobs.find(id);
      return job && holds(job) ? job : undefined;
    });
  const ended = (id: string): Promise<Job> => until(id, (job) => !isActive(job));
  const told = async (id: string): Promise<LogEvent[]> =>
    (await instance.log.read(jobStream(id), { after: 0 })).events;

  it(
    'a job is run at once, and its result is kept and told',
    () =>
      attempt(async () => {
        features.script = ({ payload }) => Promise.resolve({ heard: payload.note });
        const { id } = await order();
        const job = await ended(id);
        expect(job).toMatchObject({ status: 'succeeded', result: { heard: 'n' }, attempts: 1, error: null });
        expect(job.progress.percent).toBe(100);
        expect(features.ends).toMatchObject([{ id, status: 'succeeded' }]);
        const last = await eventually('the end to be told', async () => (await told(id)).at(-1));
        expect(last).toMatchObject({ type: 'job.completed', data: { jobId: id, status: 'succeeded' } });
      }),
    120_000,
  );

  it('a job that was ordered in a transaction that rolls back does not exist', async () => {
    let id = '';
    const rolledBack = instance.database.transaction(async () => {
      id = (await order()).id;
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    const { id: later } = await order();
    await ended(later);
    expect(await instance.jobs.find(id)).toBeUndefined();
    expect(features.runs).toEqual([later]);
  });

  it('a kind that nobody handles is refused when it is ordered', () => {
    expect(() => instance.jobs.enqueue('unheard-of')).toThrow('Nobody handles');
  });

  it('a key has one active job at a time, however many order it at once', async () => {
    const end = gate();
    features.script = () => end.opened;
    const orders = await Promise.all(
      Array.from({ length: 10 }, () => instance.jobs.enqueue('scripted', { key: 'k', userId: actor.id })),
    );
    expect(orders.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(orders.map(({ job }) => job.id)).size).toBe(1);
    end.open();
    await ended(orders[0]?.job.id as string);
    const next = await instance.jobs.enqueue('scripted', { key: 'k' });
    expect(next.isNew).toBe(true);
    await ended(next.job.id);
  });

  it('a job that fails is tried again from its checkpoint, so many times', async () => {
    const seen: unknown[] = [];
    features.script = async (job) => {
      seen.push(job.checkpoint?.at);
      await job.save({ at: job.attempt });
      throw new Error('again');
    };
    const { id } = await order();
    const job = await ended(id);
    expect(seen).toEqual([undefined, 1, 2]);
    expect(job).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'internal' } });
    // What the cause says is for the log alone.
    expect(JSON.stringify(job.error)).not.toContain('again');
  });

  it('a fault that repetition would not change fails the job at once', async () => {
    features.script = () => Promise.reject(platformErrors.forbidden('Not yours.'));
    const { id } = await order();
    expect(await ended(id)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'forbidden', detail: 'Not yours.' },
    });
    expect(features.runs).toHaveLength(1);
  });

  it('a job that takes longer than it may is stopped', async () => {
    features.script = async (job) => {
      throw await stopped(job);
    };
    const { id } = await order('hasty');
    expect(await ended(id)).toMatchObject({ status: 'failed', error: { code: 'upstream-timeout' } });
  });

  it('a job that waits keeps no worker busy and goes on by itself from its checkpoint', async () => {
    const resumeAt = new Date(Date.now() + 3_600_000);
    features.script = async (job) => {
      const before = job.checkpoint;
      await job.save({ at: 7 });
      return before ? { resumed: before.at } : job.waitUntil(resumeAt);
    };
    const { id } = await order();
    const waiting = await until(id, ({ status }) => status === 'waiting');
    expect(waiting.resumeAt.getTime()).toBeGreaterThanOrEqual(resumeAt.getTime());
    // It waits before its run is over: that is told first.
    await eventually('the worker to be free', () =>
      Promise.resolve(instance.runner.runningCount === 0 || undefined),
    );
    expect(await instance.jobs.find(id)).toMatchObject({ status: 'waiting' });
    // The hour goes by.
    await instance.database.manager.query('UPDATE jobs SET resume_at = now() WHERE id = $1', [id]);
    expect(await ended(id)).toMatchObject({ status: 'succeeded', result: { resumed: 7 }, attempts: 1 });
  });

  it('whoever shows a job hears when a worker takes it and gives it back, in the transaction that does it', async () => {
    const seen: [string | undefined, boolean][] = [];
    features.onMove = async ({ id }) => {
      seen.push([(await instance.jobs.find(id))?.status, instance.database.inTransaction]);
    };
    features.script = (job) =>
      job.checkpoint ? Promise.resolve({}) : job.save({ at: 1 }).then(() => job.waitUntil(new Date()));
    const { id } = await order();
    expect(await ended(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(seen).toEqual([
      ['running', true],
      ['waiting', true],
      ['running', true],
    ]);
  });

  it('a job is not taken when those who show it cannot hear of it, which counts as an attempt, but later', async () => {
    let failures = 0;
    features.onMove = () => (failures++ === 0 ? Promise.reject(new Error('deaf')) : Promise.resolve());
    const { id } = await order();
    expect(await ended(id)).toMatchObject({ status: 'succeeded', attempts: 2, fence: 1 });
    expect(features.runs).toEqual([id]);
  });

  it('a job that can never be taken because those who show it are deaf fails after all its attempts, in nobody’s way', async () => {
    features.onMove = ({ key }) => (key === 'deaf' ? Promise.reject(new Error('deaf')) : Promise.resolve());
    // The other one is due later, and nobody is woken for it.
    features.script = (job) =>
      job.checkpoint ? Promise.resolve({}) : job.save({ at: 1 }).then(() => job.waitUntil(new Date()));
    const deaf = await order('scripted', 'deaf');
    const other = await order();
    expect((await ended(other.id)).status).toBe('succeeded');
    const job = await ended(deaf.id);
    expect(job).toMatchObject({ status: 'failed', attempts: 3, fence: 0, error: { code: 'internal' } });
    expect(JSON.stringify(job.error)).not.toContain('deaf');
    expect(features.runs).not.toContain(deaf.id);
    expect(features.ends.filter(({ id }) => id === deaf.id)).toMatchObject([{ status: 'failed' }]);
    const last = await eventually('the end to be told', async () => (await told(deaf.id)).at(-1));
    expect(last).toMatchObject({ type: 'job.failed', data: { jobId: deaf.id, status: 'failed' } });
  });

  it('nor is one taken over for ever that a dead worker has left behind', async () => {
    features.onMove = ({ attempts }) =>
      attempts > 1 ? Promise.reject(new Error('deaf')) : Promise.resolve();
    features.script = async (job) => {
      await instance.database.manager.query(
        `UPDATE jobs SET heartbeat_at = now() - interval '1 hour', attempts = max_attempts - 1, fence = fence + 1
         WHERE id = $1`,
        [job.id],
      );
      throw await stopped(job);
    };
    const { id } = await order();
    expect(await ended(id)).toMatchObject({ status: 'failed', attempts: 3, fence: 2 });
    expect(features.runs).toEqual([id]);
  });

  it('a process that stops leaves to be taken over what it cannot hand back, and hands back the others', async () => {
    const ignore = gate();
    features.script = () => ignore.opened;
    const [deaf, other] = [await order('scripted', 'deaf'), await order()];
    for (const { id } of [deaf, other]) await until(id, ({ status }) => status === 'running');
    features.onMove = ({ key }) => (key === 'deaf' ? Promise.reject(new Error('deaf')) : Promise.resolve());
    jest.spyOn(Shutdown.prototype, 'workMs', 'get').mockReturnValue(50);
    await instance.runner.finish();
    jest.restoreAllMocks();
    expect((await instance.jobs.find(deaf.id))?.status).toBe('running');
    expect((await instance.jobs.find(other.id))?.status).toBe('queued');
    ignore.open();
  });

  it('an abandoned job whose end nobody can hear of keeps no other one from its end', async () => {
    features.onEnd = ({ key }) => (key === 'deaf' ? Promise.reject(new Error('deaf')) : Promise.resolve());
    features.script = stopped;
    const jobs = [await order('scripted', 'deaf'), await order()] as const;
    for (const { id } of jobs) await until(id, ({ status }) => status === 'running');
    for (const [at, { id }] of jobs.entries())
      await instance.database.manager.query(
        `UPDATE jobs SET fence = fence + 1, attempts = max_attempts, heartbeat_at = now() - interval '1 hour' * $2::int
         WHERE id = $1`,
        [id, 2 - at],
      );
    expect((await ended(jobs[1].id)).status).toBe('failed');
    expect((await instance.jobs.find(jobs[0].id))?.status).toBe('running');
  });

  it(
    'that a job begins to wait, and until when, is told to whoever follows it and to its owner',
    () =>
      attempt(async () => {
        const heard: unknown[] = [];
        instance.log.listenTo(ownerStream(actor.id), ({ event }) => heard.push(event.data));
        features.script = async (job) => {
          await job.save({ at: 1 }, { percent: 30 });
          return job.waitUntil(new Date(Date.now() + 3_600_000));
        };
        const { id } = await order();
        const event = await eventually('the wait to be told', async () =>
          (await told(id)).find(({ data }) => (data as { status: string }).status === 'waiting'),
        );
        const { resumeAt } = (await instance.jobs.find(id)) as Job;
        const data = {
          jobId: id,
          status: 'waiting',
          progress: { percent: 30 },
          resumeAt: resumeAt.toISOString(),
        };
        expect(event).toMatchObject({ type: 'job.progress', data });
        await eventually('its owner to hear', () => Promise.resolve(heard.length > 1 || undefined));
        expect(heard.at(-1)).toEqual(event.data);
      }),
    120_000,
  );

  it(
    'a running job is cancelled when it notices, and says so once',
    () =>
      attempt(async () => {
        const running = gate();
        features.script = async (job) => {
          running.open();
          throw await stopped(job);
        };
        const { id } = await order();
        await running.opened;
        await instance.jobs.cancel(actor, id);
        expect((await ended(id)).status).toBe('cancelled');
        expect((await instance.jobs.cancel(actor, id)).status).toBe('cancelled');
        const events = await eventually('the end', async () => {
          const all = await told(id);
          return all.length > 0 ? all : undefined;
        });
        expect(events.map(({ type, data }) => [type, (data as { status: string }).status])).toEqual([
          ['job.completed', 'cancelled'],
        ]);
        expect(features.ends.map(({ status }) => status)).toEqual(['cancelled']);
      }),
    120_000,
  );

  it('a waiting job is cancelled at once', async () => {
    features.script = (job) => job.waitUntil(new Date(Date.now() + 3_600_000));
    const { id } = await order();
    await until(id, ({ status }) => status === 'waiting');
    expect(await instance.jobs.cancel(actor, id)).toMatchObject({ status: 'cancelled' });
  });

  it.each<[string, ScriptedJobs['script']]>([
    ['wait', (job) => job.waitUntil(new Date(Date.now() + 3_600_000))],
    [
      'be tried again',
      () => Promise.reject(platformErrors.unavailable('Later.', { retryAfterMs: 3_600_000 })),
    ],
  ])('a job that is cancelled as it is about to %s does not do so first', async (_what, script) => {
    features.script = async (job) => {
      // Its run is over before it is told.
      await instance.rows.requestCancel(job.id);
      return script(job);
    };
    const { id } = await order();
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect(features.runs).toEqual([id]);
  });

  it("nobody sees or stops another user's job", async () => {
    features.script = (job) => job.waitUntil(new Date(Date.now() + 3_600_000));
    const { id } = await order();
    const stranger: Actor = { id: newId(), role: 'user' };
    await expect(instance.jobs.get(stranger, id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(instance.jobs.cancel(stranger, id)).rejects.toMatchObject({ code: 'not-found' });
    expect(isActive(await instance.jobs.get(actor, id))).toBe(true);
  });

  it(
    'progress is told as it rises, never falls, and at most twice a second',
    () =>
      attempt(async () => {
        const at: number[] = [];
        let begun = 0;
        features.script = async (job) => {
          instance.log.listenTo(jobStream(job.id), ({ event }) => {
            if (event.type === 'job.progress') at.push(performance.now());
          });
          begun = performance.now();
          job.report({ percent: 10 });
          await eventually('the first', () => Promise.resolve(at.length > 0 || undefined));
          for (const percent of [5, 30, 20, 40]) job.report({ percent });
          await eventually('the second', () => Promise.resolve(at.length > 1 || undefined));
        };
        const { id } = await order();
        await ended(id);
        const percents = (await told(id))
          .filter(({ type }) => type === 'job.progress')
          .map(({ data }) => (data as { progress: { percent: number } }).progress.percent);
        expect(percents).toEqual([10, 40]);
        expect((at[1] as number) - begun).toBeGreaterThan(490);
      }),
    120_000,
  );

  it('a checkpoint that belongs to a transaction is kept with it or not at all', async () => {
    const kept: unknown[] = [];
    features.script = async (job) => {
      if (job.attempt > 1) return { at: kept.push(job.checkpoint?.at, 'end') };
      await instance.database.transaction(() => job.save({ at: 1 }));
      await instance.database
        .transaction(async () => {
          await job.save({ at: 2 });
          throw new Error('undone');
        })
        .catch(() => undefined);
      kept.push(job.checkpoint?.at);
      throw new Error('once more');
    };
    await ended((await order()).id);
    expect(kept).toEqual([1, 1, 'end']);
  });

  it('a kind with a bound of its own does not run beyond it', async () => {
    const end = gate();
    let running = 0;
    let most = 0;
    features.script = async () => {
      most = Math.max(most, ++running);
      await end.opened;
      running--;
    };
    const singles = await Promise.all([order('single'), order('single'), order('single')]);
    // The last to be ordered: when it runs, each of them could have been begun.
    const other = await order('scripted');
    await until(other.id, ({ status }) => status === 'running');
    await eventually('it and the first of them', () => Promise.resolve(running > 1 || undefined));
    expect(instance.runner.runningCount).toBe(2);
    end.open();
    await Promise.all(singles.map(({ id }) => ended(id)));
    expect(most).toBe(2);
  });

  it('a process that stops hands its jobs back as far as they have come, and no attempt is lost', async () => {
    const saved = gate();
    features.script = async (job) => {
      await job.save({ at: 3 });
      saved.open();
      throw await stopped(job);
    };
    const { id } = await order();
    await saved.opened;
    await instance.runner.finish();
    expect(await instance.jobs.find(id)).toMatchObject({
      status: 'queued',
      attempts: 0,
      checkpoint: { at: 3 },
    });
    const other = new ScriptedJobs();
    other.script = (job) => Promise.resolve({ at: job.checkpoint?.at });
    const second = await start(other);
    expect(await ended(id)).toMatchObject({ status: 'succeeded', result: { at: 3 } });
    await second.stop();
  });

  it('a worker that has lost its job is told so although it saves nothing', async () => {
    const told = gate<Error>();
    features.script = async (job) => {
      if (job.attempt > 1) return {};
      await instance.database.manager.query(
        `UPDATE jobs SET fence = fence + 1, status = 'queued' WHERE id = $1`,
        [job.id],
      );
      told.open(await stopped(job));
      throw new Error('too late');
    };
    const { id } = await order();
    expect(await told.opened).toEqual(new JobStopped('lost'));
    expect((await ended(id)).status).toBe('succeeded');
  });

  it('a worker that cannot show signs of life stops before another one may begin', async () => {
    instance.settings.takenOverAfterMs = 2_000;
    const told = gate<Error>();
    features.script = async (job) => {
      jest.spyOn(instance.rows, 'beat').mockImplementation(() => new Promise(() => undefined));
      told.open(await stopped(job));
      jest.restoreAllMocks();
      return { late: true };
    };
    await order();
    expect(await told.opened).toEqual(new JobStopped('lost'));
  });

  it('progress that is saved late takes nothing back', async () => {
    const shown: number[] = [];
    features.script = async (job) => {
      const claim = { id: job.id, fence: (await instance.jobs.find(job.id))?.fence ?? 0 };
      for (const percent of [40, 30, 41]) {
        expect(await instance.rows.save(claim, { percent })).toBe(true);
        shown.push((await instance.jobs.find(job.id))?.progress.percent ?? 0);
      }
      return {};
    };
    await ended((await order()).id);
    expect(shown).toEqual([40, 40, 41]);
  });

  it('what a worker that has lost its job still saves is refused', async () => {
    const lost = gate();
    const refused = gate<unknown>();
    features.script = async (job) => {
      if (job.attempt > 1) return { by: 'second' };
      await instance.database.manager.query(
        `UPDATE jobs SET heartbeat_at = now() - interval '1 hour', fence = fence + 1, status = 'queued' WHERE id = $1`,
        [job.id],
      );
      lost.open();
      refused.open(await job.save({ at: 1 }).catch((error: unknown) => error));
      return { by: 'first' };
    };
    const { id } = await order();
    await lost.opened;
    expect(await refused.opened).toEqual(new JobStopped('lost'));
    expect(await ended(id)).toMatchObject({ result: { by: 'second' }, checkpoint: null });
  });
}
