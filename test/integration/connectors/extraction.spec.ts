import { ExtractionData } from '../../../src/connectors/extraction/extraction-data.service.js';
import { beginning } from '../../../src/connectors/extraction/extraction-pages.js';
import { ExtractionStore } from '../../../src/connectors/extraction/extraction-store.service.js';
import type { ExtractionRun } from '../../../src/connectors/extraction/extraction.types.js';
import { Extractions } from '../../../src/connectors/extraction/extractions.service.js';
import { ItemsRepository } from '../../../src/connectors/extraction/items.repository.js';
import { Database } from '../../../src/platform/database/database.js';
import { newId } from '../../../src/platform/ids/ids.js';
import {
  Api,
  expectStatus,
  newPerson,
  type Answer,
  type Page,
  type Person,
  type Problem,
} from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { ALL_SCOPES, PLAYED, PlatformServer, type OddAnswer } from '../../support/platform-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { adminToken } from '../../support/tokens.js';

interface ExtractionJob {
  id: string;
  platform: string;
  kind: string;
  status: string;
  progress: { percent: number; phase?: string };
  checkpoint: { step: number; done: number } | null;
  since: string | null;
  full: boolean;
  resumeAt: string | null;
  error: { code: string; detail: string } | null;
  attempts: number;
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe('extractions', () => {
  let platform: PlatformServer;
  let running: RunningApp;
  let database: Database;
  let person: Person;

  beforeAll(async () => {
    platform = await PlatformServer.start();
    running = await startApp({ ...platform.settings, JOBS_TAKEN_OVER_AFTER: '1s' });
    database = running.app.get(Database, { strict: false });
  }, 120_000);
  afterAll(async () => {
    await running.close();
    await platform.stop();
  });
  beforeEach(async () => {
    platform.tracks = names('t', 120);
    platform.playlists = names('p', 3);
    platform.answer = () => undefined;
    platform.refusesGrants = false;
    platform.scopes = ALL_SCOPES;
    platform.account = 'listener';
    platform.requests.length = 0;
    person = await newPerson(running.url);
    await platform.connect(person);
  });

  const order = (wish: object = {}, as = person): Promise<Answer<ExtractionJob & Problem>> =>
    as.post('/api/connectors/spotify/jobs', { kind: 'library', ...wish });
  const ordered = async (wish?: object): Promise<string> => expectStatus(202, await order(wish)).id;
  const read = async (id: string): Promise<ExtractionJob> =>
    expectStatus(200, await person.get<ExtractionJob>(`/api/extraction-jobs/${id}`));
  const until = (id: string, holds: (job: ExtractionJob) => boolean): Promise<ExtractionJob> =>
    eventually('the extraction', async () => {
      const job = await read(id);
      return holds(job) ? job : undefined;
    });
  const ended = (id: string): Promise<ExtractionJob> =>
    until(id, ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status));
  const kept = async (): Promise<string[]> => {
    const rows = await database.manager.query<{ id: string }[]>(
      'SELECT item_id AS id FROM connector_items WHERE user_id = $1 ORDER BY item_id',
      [person.user.id],
    );
    return rows.map(({ id }) => id);
  };
  const connection = async (): Promise<{ lastSyncAt: string | null; lastSyncStatus: string | null }> =>
    expectStatus(200, await person.get('/api/connectors/spotify'));
  const reconnect = (): Promise<void> => platform.connect(person);
  /** A page that is not answered before the test says so. */
  const held = (path: string): { asked: Promise<void>; goOn: () => void } => {
    let goOn = (): void => undefined;
    let arrived = (): void => undefined;
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    const released = new Promise<undefined>((resolve) => (goOn = () => resolve(undefined)));
    platform.answer = (request) => {
      if (`${request.path}?${request.offset}` !== path) return undefined;
      arrived();
      return released;
    };
    return { asked, goOn };
  };
  /** One that failed before is to have its last attempt now. */
  const exhaust = async (id: string): Promise<void> => {
    await until(id, ({ status, attempts }) => status === 'queued' && attempts > 0);
    await database.manager.query(
      'UPDATE jobs SET attempts = max_attempts - 1, resume_at = now() WHERE id = $1',
      [id],
    );
  };

  it('read every page of every step once and keep each thing; the very next reads say so', async () => {
    const answer = await order();
    const { id } = expectStatus(202, answer);
    expect(answer.headers.get('location')).toBe(`/api/extraction-jobs/${id}`);
    const job = await ended(id);
    expect(job).toMatchObject({
      platform: 'spotify',
      kind: 'library',
      status: 'succeeded',
      progress: { percent: 100 },
      checkpoint: { step: 2, done: 123 },
      since: null,
      attempts: 1,
    });
    expect((await connection()).lastSyncAt).not.toBeNull();
    expect(platform.asked).toEqual([
      '/v1/me/tracks?0',
      '/v1/me/tracks?50',
      '/v1/me/tracks?100',
      '/v1/me/playlists?0',
    ]);
    expect(await kept()).toEqual([...names('track:t', 120), ...names('playlist:p', 3)].sort());
    const events: string[] = [];
    for await (const { event } of (await person.events(`/api/extraction-jobs/${id}/events`)).events)
      events.push(event);
    expect(events).toEqual(['job.completed']);
    const { items } = expectStatus(200, await person.get<Page<ExtractionJob>>('/api/extraction-jobs'));
    expect(items).toEqual([job]);
    for (const [query, count] of [
      ['platform=spotify&status=succeeded', 1],
      ['platform=github', 0],
      ['status=waiting_rate_limit', 0],
    ] as const) {
      const page = await person.get<Page<ExtractionJob>>(`/api/extraction-jobs?${query}`);
      expect(page.body.items).toHaveLength(count);
    }
  });

  it('begin where what was read ends: not where one failed, nor where one was told to begin', async () => {
    await ended(await ordered({ since: '2026-01-01T00:00:00Z' }));
    const began = Date.now();
    expect((await ended(await ordered())).since).toBeNull();
    platform.answer = () => ({ status: 401 });
    platform.refusesGrants = true;
    expect((await ended(await ordered())).status).toBe('failed');
    platform.answer = () => undefined;
    platform.refusesGrants = false;
    await reconnect();
    const next = await ended(await ordered());
    const before = began - Date.parse(next.since ?? '');
    expect(before).toBeGreaterThan(595_000);
    expect(before).toBeLessThanOrEqual(600_000);
    // From before what was read: nothing is left out.
    await ended(await ordered({ since: '2026-01-01T00:00:00Z' }));
    const last = await ended(await ordered());
    expect(Date.parse(last.since ?? '')).toBeGreaterThan(Date.parse(next.since ?? ''));
  });

  it('ask the platform for what is newer only, where it can tell', async () => {
    const kind = 'listening';
    const since = '2026-01-01T00:00:00.000Z';
    expect(await ended(await ordered({ kind, since }))).toMatchObject({ status: 'succeeded', since });
    const [asked] = platform.requests.filter(({ path }) => path === PLAYED);
    expect(asked?.query.get('after')).toBe(String(Date.parse(since)));
  });

  it('that are full remove what the platform no longer has', async () => {
    await ended(await ordered());
    platform.tracks = ['t1', 'new'];
    await ended(await ordered());
    expect(await kept()).toHaveLength(124);
    const full = await ended(await ordered({ full: true }));
    expect(full).toMatchObject({ full: true, since: null, status: 'succeeded' });
    expect(await kept()).toEqual(['playlist:p0', 'playlist:p1', 'playlist:p2', 'track:new', 'track:t1']);
  });

  it('that are full and could not read everything remove nothing', async () => {
    await ended(await ordered());
    const payload = { userId: person.user.id, platform: 'spotify', kind: 'library', full: true };
    const [row] = await database.manager.query<{ at: string }[]>(
      `SELECT connected_at AS at FROM connector_accounts WHERE user_id = $1`,
      [person.user.id],
    );
    const connectedAt = new Date(row?.at ?? 0).getTime();
    const job = { id: newId(), payload: { ...payload, connectedAt }, save: () => Promise.resolve() };
    const store = running.app.get(ExtractionStore, { strict: false });
    const finish = (truncated: boolean) =>
      store.finish(job as unknown as ExtractionRun, { ...beginning(), truncated });
    expect((await finish(true)).removed).toBe(0);
    expect(await kept()).toHaveLength(123);
    expect((await finish(false)).removed).toBe(123);
  });

  it('leave so many things of a kind, those that were read last', async () => {
    await ended(await ordered());
    platform.tracks = ['t1', 't2'];
    platform.playlists = [];
    await ended(await ordered());
    const kind = { userId: person.user.id, platform: 'spotify', kind: 'library' };
    expect(await running.app.get(ItemsRepository, { strict: false }).removeBeyond(kind, 2)).toBe(121);
    expect(await kept()).toEqual(['track:t1', 'track:t2']);
  });

  it('wait as long as the platform says, and go on with the page that was refused', async () => {
    let refusals = 0;
    platform.answer = ({ offset }): OddAnswer | undefined =>
      offset === 50 && refusals++ === 0 ? { status: 429, headers: { 'retry-after': '2' } } : undefined;
    const id = await ordered();
    const waiting = await until(id, ({ status }) => status === 'waiting_rate_limit');
    expect(Date.parse(waiting.resumeAt ?? '')).toBeGreaterThan(Date.now() - 2_000);
    expect(waiting).toMatchObject({ checkpoint: { step: 0, done: 50 }, error: null });
    expect(await ended(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(platform.asked.slice(0, 3)).toEqual(['/v1/me/tracks?0', '/v1/me/tracks?50', '/v1/me/tracks?50']);
    const [, refused, again] = platform.requests;
    expect((again?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThan(1_950);
    expect(await kept()).toHaveLength(123);
  });

  it('that wait are of no consequence for another connection, and in nobody’s way', async () => {
    const waits = async (): Promise<string> => {
      platform.answer = () => ({ status: 503, headers: { 'retry-after': '600' } });
      const id = await ordered();
      await until(id, ({ status }) => status === 'waiting_rate_limit');
      platform.answer = () => undefined;
      await database.manager.query('UPDATE provider_quotas SET blocked_until = NULL');
      return id;
    };
    const first = await waits();
    await reconnect();
    expect(await ended(await ordered())).toMatchObject({ status: 'succeeded' });
    expect((await ended(first)).status).toBe('cancelled');
    expect((await connection()).lastSyncStatus).toBe('succeeded');
    const second = await waits();
    platform.account = 'somebody else';
    await reconnect();
    expect((await ended(second)).status).toBe('cancelled');
    expect(await connection()).toMatchObject({ lastSyncAt: null, lastSyncStatus: null });
  });

  it.each<[what: string, answer: OddAnswer, detail: RegExp]>([
    ['a web page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, /^Spotify /],
    ['an error', { status: 500 }, /^Spotify answered 500/],
    ['something huge', { body: `"${'x'.repeat(3 << 20)}"` }, /^Spotify .*bytes/],
    ['another thing', { body: '{"tracks": []}' }, /^Spotify .* no list of it/],
    ['a circle', { body: '{"items": [], "next": "http://x/?offset=50"}' }, /^Spotify leads in a circle/],
  ])(
    'that get %s from the platform fail with a clear error, and keep what came before',
    async (_what, odd, detail) => {
      platform.answer = ({ offset }) => (offset === 50 ? odd : undefined);
      const id = await ordered();
      await exhaust(id);
      const job = await ended(id);
      expect(job).toMatchObject({ status: 'failed', checkpoint: { done: 50 } });
      expect(job.error).toMatchObject({ code: 'upstream-failed' });
      expect(job.error?.detail).toMatch(detail);
      expect(await kept()).toHaveLength(50);
    },
  );

  it('whose grant was taken back fail at once, and say so', async () => {
    platform.refusesGrants = true;
    platform.answer = () => ({ status: 401 });
    const job = await ended(await ordered());
    expect(job).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'needs-reauth' } });
    expect((await order()).body).toMatchObject({ status: 424, code: 'needs-reauth' });
  });

  it('stop when the platform is disconnected, and write nothing afterwards', async () => {
    const page = held('/v1/me/tracks?50');
    const id = await ordered();
    await page.asked;
    expect(await kept()).toHaveLength(50);
    expectStatus(204, await person.delete('/api/connectors/spotify'));
    expect(await kept()).toEqual([]);
    page.goOn();
    expect((await ended(id)).status).not.toBe('succeeded');
    expect(await kept()).toEqual([]);
    expect((await order()).body).toMatchObject({ status: 424, code: 'not-connected' });
  });

  it('write nothing of another connection, even if nobody could stop them', async () => {
    const page = held('/v1/me/tracks?50');
    const id = await ordered();
    await page.asked;
    await database.manager.query(
      `UPDATE connector_accounts SET connected_at = now() + interval '1 second' WHERE user_id = $1`,
      [person.user.id],
    );
    page.goOn();
    expect(await ended(id)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'not-connected' },
    });
    expect(await kept()).toHaveLength(50);
  });

  it('are cancelled by their owner, any number of times', async () => {
    const page = held('/v1/me/tracks?50');
    const id = await ordered();
    await page.asked;
    const cancel = () => person.post<ExtractionJob>(`/api/extraction-jobs/${id}/cancel`);
    expectStatus(202, await cancel());
    expect((await ended(id)).status).toBe('cancelled');
    page.goOn();
    expect(expectStatus(202, await cancel()).status).toBe('cancelled');
    expect(await kept()).toHaveLength(50);
  });

  it('are one at a time, and exclude a reset, which leaves nothing but the grant', async () => {
    const page = held('/v1/me/tracks?50');
    const id = await ordered();
    await page.asked;
    expect((await order()).body).toMatchObject({
      status: 409,
      code: 'job-active',
      job: { id, status: 'running' },
    });
    const reset = () => person.post<{ jobId: string } & Problem>('/api/connectors/spotify/reset');
    expect((await reset()).body).toMatchObject({ status: 409, code: 'job-active', job: { id } });
    page.goOn();
    await ended(id);
    const { jobId } = expectStatus(202, await reset());
    expect([await kept(), (await connection()).lastSyncAt]).toEqual([[], null]);
    expect((await person.get(`/api/extraction-jobs/${jobId}`)).status).toBe(404);
    expect(await ended(await ordered())).toMatchObject({ since: null, status: 'succeeded' });
    expect(await kept()).toHaveLength(123);
  });

  it('of all platforms are reset for older clients: their own, and by administrators', async () => {
    await ended(await ordered());
    const path = `/api/connectors/reset/${person.user.id}`;
    const stranger = await newPerson(running.url);
    expect((await stranger.post(path)).status).toBe(404);
    const admin = new Api(running.url, await adminToken(stranger.user.id));
    const answer = await admin.post<{ success: boolean; data: { platform: string }[] }>(path);
    expect(expectStatus(200, answer)).toMatchObject({ success: true, data: [{ platform: 'spotify' }] });
    expect(await kept()).toEqual([]);
    expectStatus(200, await person.post(path));
  });

  it('that cannot be are refused with what would help', async () => {
    const at = (path: string, body: object) => person.post<Problem>(`/api/connectors/${path}/jobs`, body);
    expect((await at('nowhere', { kind: 'library' })).status).toBe(404);
    expect((await at('spotify', { kind: 'constructor' })).body).toMatchObject({
      status: 400,
      errors: [{ pointer: '#/kind', detail: expect.stringContaining('library') as string }],
    });
    for (const since of [
      'yesterday',
      '20260105',
      '2026-W05',
      '2026-01-05T10:11',
      '2026-01-05T10:11:60Z',
      '2999-01-01T00:00:00Z',
    ]) {
      const refusal = await at('spotify', { kind: 'library', since });
      expect(refusal.body).toMatchObject({ status: 400, errors: [{ pointer: '#/since' }] });
    }
    const both = { kind: 'library', since: '2026-01-01T00:00:00Z', full: true };
    expect((await at('spotify', both)).body).toMatchObject({ status: 400, errors: [{ pointer: '#/since' }] });
    expect((await at('github', { kind: 'code' })).body).toMatchObject({ status: 424, code: 'not-connected' });
    await database.manager.query(`UPDATE connector_accounts SET status = 'error' WHERE user_id = $1`, [
      person.user.id,
    ]);
    expect((await order()).body).toMatchObject({ status: 424, code: 'needs-reauth' });
    platform.scopes = ['user-library-read'];
    await platform.connect(person);
    expect((await order()).body).toMatchObject({
      status: 409,
      code: 'missing-scopes',
      scopes: ['playlist-read-private'],
    });
  });

  it('are taken along by people, and go with their account', async () => {
    await ended(await ordered());
    const data = running.app.get(ExtractionData, { strict: false });
    const { parts, next } = await data.export(person.user.id, undefined);
    const lines = String(parts[0]?.content).trim().split('\n');
    expect([lines.length, next]).toEqual([123, undefined]);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      platform: 'spotify',
      id: 'playlist:p0',
      title: 'List p0',
    });
    expect(await data.erase(newId())).toBe(false);
    expect(await kept()).toHaveLength(123);
    const extractions = running.app.get(Extractions, { strict: false });
    const inputs: object[] = [];
    for await (const batch of extractions.inputsOf(person.user.id)) inputs.push(...batch);
    expect(inputs).toHaveLength(123);
    expect(await data.erase(person.user.id)).toBe(false);
    expect(await kept()).toEqual([]);
  });
});
