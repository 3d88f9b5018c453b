import { JobFollower } from '../../../src/platform/jobs/job-follower.service.js';
import { JobsController } from '../../../src/platform/jobs/jobs.controller.js';
import { jobStream, type JobEvent } from '../../../src/platform/jobs/jobs.events.js';
import { Jobs } from '../../../src/platform/jobs/jobs.service.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { eventually } from '../../support/eventually.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { JobsInstance } from './jobs-instance.js';
import { gate, ScriptedJobs, stopped } from './scripted-jobs.js';

interface SentEvent {
  id?: string;
  event: string;
  data: { status: string; progress: { percent: number }; result?: unknown; error?: { code: string } };
}

describe('jobs over HTTP', () => {
  let db: TestDatabase;
  let features: ScriptedJobs;
  let instance: JobsInstance;
  let http: HttpTestApp;
  const owner = newId();

  beforeAll(async () => {
    db = await createTestDatabase();
    features = new ScriptedJobs();
    instance = await JobsInstance.start(db, features);
    http = await startHttpApp({
      controllers: [JobsController],
      providers: [
        { provide: Jobs, useValue: instance.jobs },
        { provide: JobFollower, useValue: instance.follower },
      ],
      database: instance.database,
    });
  });
  afterAll(async () => {
    await http.close();
    await instance.stop();
    await db.close();
  });

  const as = (actor: string, path: string, init: RequestInit = {}): Promise<Response> =>
    http.fetch(path, { ...init, headers: { 'x-actor': actor, ...(init.headers as Record<string, string>) } });
  const order = async (): Promise<string> =>
    (await instance.jobs.enqueue('scripted', { userId: owner })).job.id;
  const eventsOf = async (answer: Response): Promise<SentEvent[]> =>
    (await answer.text())
      .split('\n\n')
      .filter((block) => block.includes('event:'))
      .map((block) => {
        const field = (name: string): string | undefined =>
          new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        return {
          id: field('id'),
          event: field('event') as string,
          data: JSON.parse(field('data') as string),
        };
      });

  it('tells the owner, and nobody else, how a job stands', async () => {
    features.script = () => Promise.resolve({ made: 1 });
    const id = await order();
    const job = await eventually('the end', async () => {
      const body = (await (await as(owner, `/jobs/${id}`)).json()) as { status: string };
      return body.status === 'succeeded' ? body : undefined;
    });
    expect(job).toMatchObject({ id, kind: 'scripted', progress: { percent: 100 }, result: { made: 1 } });
    expect(Object.keys(job)).not.toContain('payload');
    for (const path of [`/jobs/${id}`, `/jobs/${id}/events`])
      expect((await as(newId(), path)).status).toBe(404);
    expect((await as(newId(), `/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(404);
    expect((await as(owner, `/jobs/${newId()}`)).status).toBe(404);
  });

  it('streams how it stands, its progress, and one end; a reconnect goes on, and after the end there is nothing', async () => {
    const goOn = gate();
    const told = (id: string, percent: number): Promise<true> =>
      eventually(`${percent} % to be told`, async () => {
        const { events } = await instance.log.read(jobStream(id), { after: 0 });
        return events.some(({ data }) => (data as JobEvent).progress.percent === percent) || undefined;
      });
    features.script = async (job) => {
      job.report({ percent: 20 });
      await goOn.opened;
      job.report({ percent: 60 });
      await told(job.id, 60);
      return { made: 2 };
    };
    const id = await order();
    await told(id, 20);
    const answer = await as(owner, `/jobs/${id}/events`);
    goOn.open();
    const events = await eventsOf(answer);
    expect(events.map(({ event, data }) => [event, data.progress.percent])).toEqual([
      ['job.progress', 20],
      ['job.progress', 60],
      ['job.completed', 100],
    ]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', result: { made: 2 } });

    const [, middle, last] = events as [SentEvent, SentEvent, SentEvent];
    const resume = (eventId: string): Promise<Response> =>
      as(owner, `/jobs/${id}/events`, { headers: { 'last-event-id': eventId } });
    expect((await eventsOf(await resume(middle.id as string))).at(-1)?.event).toBe('job.completed');
    expect((await resume(last.id as string)).status).toBe(204);
    expect((await resume('nonsense')).status).toBe(400);
  });

  it('a reader who comes after the end is told it', async () => {
    features.script = () => Promise.reject(new Error('secret details'));
    const id = await order();
    await eventually('the end', async () =>
      (await instance.jobs.find(id))?.status === 'failed' ? true : undefined,
    );
    const text = await (await as(owner, `/jobs/${id}/events`)).text();
    expect(text).toContain('event: job.failed');
    expect(text).not.toContain('secret details');
  });

  it('is cancelled by its owner, any number of times', async () => {
    features.script = async (job) => {
      throw await stopped(job);
    };
    const id = await order();
    const follower = as(owner, `/jobs/${id}/events`);
    const cancel = (): Promise<Response> => as(owner, `/jobs/${id}/cancel`, { method: 'POST' });
    expect((await cancel()).status).toBe(202);
    expect((await eventsOf(await follower)).at(-1)).toMatchObject({
      event: 'job.completed',
      data: { status: 'cancelled' },
    });
    const again = await cancel();
    expect([again.status, ((await again.json()) as { status: string }).status]).toEqual([202, 'cancelled']);
  });

  it('says how many jobs there are and how old the oldest is', async () => {
    features.script = (job) => job.waitUntil(new Date(Date.now() + 3_600_000));
    await order();
    await eventually(
      'it to wait',
      async () => (await instance.rows.countActive()).some(({ status }) => status === 'waiting') || undefined,
    );
    expect(await instance.rows.countActive()).toEqual([{ kind: 'scripted', status: 'waiting', count: 1 }]);
    expect(await instance.rows.oldestDueSeconds()).toBe(0);
    // Its run is over a moment after that.
    const ran = /job_run_duration_seconds_count\{kind="scripted",outcome="waiting"\} 1/;
    await eventually(
      'its run to be counted',
      async () => ran.test(await instance.metrics.render()) || undefined,
    );
  });
});
