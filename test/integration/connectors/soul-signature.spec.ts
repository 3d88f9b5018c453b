import { randomUUID } from 'node:crypto';
import { CacheService } from '@rapport/cache';
import { soulSignature } from '../../../src/connectors/connectors.cache.js';
import { Extractions } from '../../../src/connectors/extraction/extractions.service.js';
import { SignatureData } from '../../../src/connectors/signature/signature-data.js';
import { SignatureJob } from '../../../src/connectors/signature/signature-job.service.js';
import { SoulSignatures } from '../../../src/connectors/signature/signatures.service.js';
import type { SoulSignature } from '../../../src/connectors/signature/signatures.dto.js';
import { Database } from '../../../src/platform/database/database.js';
import type { NewEvent } from '../../../src/platform/events/event-log.js';
import { EventOutbox } from '../../../src/platform/events/event-outbox.service.js';
import { Jobs } from '../../../src/platform/jobs/jobs.service.js';
import { expectStatus, newPerson, type Answer, type Person } from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { PlatformServer } from '../../support/platform-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { testServers } from '../../support/test-servers.js';

const PATH = '/api/soul-signature';

describe('the soul signature of a person', () => {
  let running: RunningApp;
  let platform: PlatformServer;
  let person: Person;
  const told: NewEvent[] = [];

  beforeAll(async () => {
    platform = await PlatformServer.start();
    platform.tracks = Array.from({ length: 25 }, (_, index) => `track-${index}`);
    running = await startApp({
      ...platform.settings,
      REDIS_URL: await testServers.redisUrl(),
      REDIS_KEY_PREFIX: `sig-${randomUUID()}`,
      // A busy machine must not make a read pass by the cache, which would be true whatever was evicted.
      CACHE_DEADLINE: '5s',
    });
    const outbox = running.app.get(EventOutbox);
    const add = outbox.add.bind(outbox);
    outbox.add = (event) => {
      told.push(event);
      add(event);
    };
  }, 60_000);
  afterAll(async () => {
    await running.close();
    await platform.stop();
  });
  beforeEach(async () => {
    person = await newPerson(running.url);
  });
  afterEach(() => jest.restoreAllMocks());

  const database = () => running.app.get(Database);
  const signatures = () => running.app.get(SoulSignatures);
  const read = (who: Person = person): Promise<Answer<SoulSignature>> => who.get<SoulSignature>(PATH);
  const fresh = (who: Person = person): Promise<SoulSignature> =>
    eventually('a fresh signature', async () => {
      const { status, body } = await read(who);
      return status === 200 && !body.stale ? body : undefined;
    });
  const sourcesOf = ({ dimensions, clusters }: SoulSignature): string[] => [
    ...new Set([...dimensions, ...clusters].flatMap(({ sources }) => sources.map((one) => one.platform))),
  ];
  const versionsTold = (): (number | null)[] =>
    told
      .filter(({ stream, type }) => stream === `user:${person.user.id}` && type === 'signature.updated')
      .map(({ data }) => (data as { version: number | null }).version);

  /** As an extraction does. */
  const add = (name: string, count: number, label = 'typescript'): Promise<void> =>
    database().transaction(async () => {
      await database().manager.query(
        `INSERT INTO connector_items (user_id, platform, kind, item_id, at, labels, weight, job_id)
         SELECT $1, $2, 'code', $3 || n, now() - n * interval '1 day', ARRAY[$3], 1, gen_random_uuid()
         FROM generate_series(1, $4::int) n ON CONFLICT DO NOTHING`,
        [person.user.id, name, label, count],
      );
      await signatures().inputsChanged(person.user.id);
    });
  const extract = async (): Promise<void> => {
    await platform.connect(person);
    expectStatus(202, await person.post('/api/connectors/spotify/jobs', { kind: 'library' }));
  };
  const order = (): Promise<Answer<{ jobId: string }>> => person.post(`${PATH}/computations`);
  /** Computations wait until it is called. */
  const hold = (): (() => void) => {
    const extractions = running.app.get(Extractions);
    const inputsOf = extractions.inputsOf.bind(extractions);
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    jest.spyOn(extractions, 'inputsOf').mockImplementation(async function* (userId) {
      await gate;
      yield* inputsOf(userId);
    });
    return goOn;
  };
  const jobEnds = (id: string): Promise<string> =>
    eventually('the end of a job', async () => {
      const { status } = expectStatus(200, await person.get<{ status: string }>(`/api/jobs/${id}`));
      return ['succeeded', 'failed', 'cancelled'].includes(status) ? status : undefined;
    });

  it('is missing so long as there is too little, which it tells', async () => {
    expect((await read()).body).toMatchObject({ code: 'not-enough-data', missing: 20, found: 0, needed: 20 });
    await add('github', 8);
    await eventually('a look at eight things', async () => {
      const { status, body } = await person.get<{ missing: number; found: number }>(PATH);
      expect(status).toBe(404);
      return body.missing === 12 && body.found === 8 ? true : undefined;
    });
  });

  it('is there after an extraction, by itself, and told to the person; nobody else sees it', async () => {
    await extract();
    const signature = await fresh();
    expect(signature).toMatchObject({ version: 1, algorithmVersion: '1', stale: false });
    expect(signature.clusters[0]).toMatchObject({
      name: 'music',
      sources: [{ platform: 'spotify', weight: 1 }],
    });
    expect(versionsTold()).toEqual([1]);
    const { headers } = await read();
    const again = await person.get(PATH, { 'if-none-match': headers.get('etag')! });
    expect(again.status).toBe(304);
    expect((await read(await newPerson(running.url))).status).toBe(404);
  });

  it('loses what was made of a platform with the disconnecting, and comes back of the others', async () => {
    await add('github', 30);
    await extract();
    const both = await eventually('a signature of two platforms', async () => {
      const signature = await fresh();
      return sourcesOf(signature).length === 2 ? signature : undefined;
    });
    const goOn = hold();
    expectStatus(204, await person.delete('/api/connectors/spotify'));
    expect((await read()).body).toMatchObject({ code: 'not-enough-data', missing: null });
    goOn();
    const left = await fresh();
    expect(sourcesOf(left)).toEqual(['github']);
    expect(left.version).toBeGreaterThan(both.version);
    expect(versionsTold()).toEqual([...new Set(versionsTold())]);
    expect(versionsTold().slice(-2)).toEqual([null, left.version]);
  });

  it('is gone with the last thing it was made of', async () => {
    await extract();
    await fresh();
    const { jobId } = expectStatus(
      202,
      await person.post<{ jobId: string }>('/api/connectors/spotify/reset'),
    );
    await jobEnds(jobId);
    expect((await read()).status).toBe(404);
    await eventually('the end of the computation', async () => {
      const { missing } = (await person.get<{ missing: number | null }>(PATH)).body;
      return missing ?? undefined;
    });
    expect((await read()).body).toMatchObject({ missing: 20, found: 0 });
    const rows = await database().manager.query<object[]>(
      'SELECT dimensions, clusters, inputs_hash, items FROM soul_signatures WHERE user_id = $1',
      [person.user.id],
    );
    expect(rows).toEqual([{ dimensions: null, clusters: null, inputs_hash: null, items: 0 }]);
    await add('github', 30);
    expect(await fresh()).toMatchObject({ version: 2 });
  });

  it('is ordered again by being read when its computation was cancelled', async () => {
    await add('github', 30);
    const { inputsHash } = await fresh();
    const goOn = hold();
    await add('reddit', 5);
    const { body } = await order();
    expectStatus(202, await person.post(`/api/jobs/${body.jobId}/cancel`));
    goOn();
    await jobEnds(body.jobId);
    expect((await fresh()).inputsHash).not.toBe(inputsHash);
  });

  it('that a later release has ordered, or made, is left to it', async () => {
    const { id: userId } = person.user;
    await add('github', 30);
    const { version } = await fresh();
    await database().manager.query(`UPDATE soul_signatures SET algorithm_version = '2' WHERE user_id = $1`, [
      userId,
    ]);
    await running.app.get(CacheService).for(soulSignature).evict([userId]);
    expect((await read()).body).toMatchObject({ algorithmVersion: '2', stale: false, version });
    const { job } = await eventually('the end of earlier jobs', async () => {
      const payload = { userId, algorithmVersion: '2' };
      const ordered = await running.app
        .get(Jobs)
        .enqueue('signature.compute', { userId, key: userId, payload });
      return ordered.isNew ? ordered : undefined;
    });
    await eventually('a job that waits', async () => {
      const { status } = expectStatus(200, await person.get<{ status: string }>(`/api/jobs/${job.id}`));
      return status === 'waiting' ? true : undefined;
    });
    expectStatus(202, await person.post(`/api/jobs/${job.id}/cancel`));
  });

  it('is not made of what was removed while it was read', async () => {
    const extractions = running.app.get(Extractions);
    const inputsOf = extractions.inputsOf.bind(extractions);
    await add('github', 30);
    await fresh();
    let removals = 0;
    jest.spyOn(extractions, 'inputsOf').mockImplementation(async function* (userId) {
      yield* inputsOf(userId);
      if (removals++ === 0) await extractions.wipe(userId, 'github');
    });
    await add('reddit', 40, 'hiking');
    expect(sourcesOf(await fresh())).toEqual(['reddit']);
    expect(removals).toBeGreaterThan(1);
  });

  it('is made anew for a change that came as its computation was ending', async () => {
    const job = running.app.get(SignatureJob);
    const compute = job.compute.bind(job);
    const late = jest.spyOn(job, 'compute').mockImplementationOnce(async (running) => {
      const result = await compute(running);
      await add('reddit', 40, 'hiking');
      return result;
    });
    await add('github', 30);
    const both = await eventually('both platforms', async () => {
      const signature = await fresh();
      return sourcesOf(signature).length === 2 ? signature : undefined;
    });
    expect(both.stale).toBe(false);
    expect(late.mock.calls.length).toBeGreaterThan(1);
  });

  it('is shown as stale while there are newer things', async () => {
    await add('github', 30);
    const { inputsHash } = await fresh();
    const goOn = hold();
    await add('reddit', 5);
    expect((await read()).body).toMatchObject({ stale: true, inputsHash });
    goOn();
    expect((await fresh()).inputsHash).not.toBe(inputsHash);
  });

  it('of the same things is the same, however often it is ordered; one order at a time', async () => {
    await add('github', 30);
    const before = await fresh();
    const goOn = hold();
    const first = await eventually('the end of earlier jobs', async () => {
      const answer = await order();
      return answer.status === 202 ? answer : undefined;
    });
    expect(first.headers.get('location')).toBe(`/api/jobs/${first.body.jobId}`);
    expect(await order()).toMatchObject({
      status: 409,
      body: { code: 'in-progress', jobId: first.body.jobId },
    });
    goOn();
    expect(await jobEnds(first.body.jobId)).toBe('succeeded');
    expect((await read()).body).toEqual(before);
  });

  it('of an earlier algorithm is stale, and made anew by being read', async () => {
    await add('github', 30);
    const { version } = await fresh();
    await database().manager.query(`UPDATE soul_signatures SET algorithm_version = '0' WHERE user_id = $1`, [
      person.user.id,
    ]);
    await running.app.get(CacheService).for(soulSignature).evict([person.user.id]);
    expect((await read()).body).toMatchObject({ algorithmVersion: '0', stale: true });
    expect(await fresh()).toMatchObject({ algorithmVersion: '1', version: version + 1 });
  });

  it('is taken along, and goes with the account; nothing is added to a closed one', async () => {
    await add('github', 30);
    const { inputsHash } = await fresh();
    const data = running.app.get(SignatureData);
    const { parts } = await data.export(person.user.id);
    expect(JSON.parse(String(parts[0]!.content))).toMatchObject({ inputsHash });
    await data.erase(person.user.id);
    expect((await read()).status).toBe(404);
    await database().manager.query('UPDATE users SET deleted_at = now() WHERE id = $1', [person.user.id]);
    await signatures().inputsChanged(person.user.id);
    await signatures().inputsRemoved(person.user.id);
    expect((await data.export(person.user.id)).parts).toEqual([]);
  });
});
