import { Injectable } from '@nestjs/common';
import sharp from 'sharp';
import * as yauzl from 'yauzl';
import {
  ErasesUserData,
  ExportsUserData,
  jsonLines,
  type ExportedBatch,
} from '../../../src/platform/user-data/user-data.decorators.js';
import { eventually } from '../../support/eventually.js';
import { startApi, type ApiHarness } from '../auth/api-harness.js';

interface Export {
  id: string;
  status: string;
  contentUrl: string | null;
  expiresAt: string;
}

/** A feature with many rows of everybody, and a failure now and then. */
@Injectable()
class Notes {
  failures = 0;
  asked: (string | undefined)[] = [];
  erased: string[] = [];
  left = 3;
  held: Promise<void> = Promise.resolve();

  @ExportsUserData('notes')
  async export(userId: string, after: string | undefined): Promise<ExportedBatch> {
    await this.held;
    this.asked.push(after);
    const start = Number(after ?? 0);
    if (start === 200 && this.failures-- > 0) throw new Error('The disk is full.');
    const rows = Array.from({ length: 100 }, (_, index) => ({ userId, note: start + index }));
    const next = start + 100 < 500 ? String(start + 100) : undefined;
    return { parts: [{ file: 'notes.jsonl', content: jsonLines(rows) }], next };
  }

  @ErasesUserData('notes', 10)
  erase(userId: string): Promise<boolean> {
    this.erased.push(userId);
    return Promise.resolve(--this.left > 0);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

async function filesIn(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const zip = await yauzl.fromBufferPromise(archive);
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    expect(files.has(entry.fileName)).toBe(false);
    files.set(entry.fileName, Buffer.concat(chunks));
  }
  return files;
}

describe('an export of an account', () => {
  let api: ApiHarness;
  let base: string;
  let notes: Notes;
  beforeAll(async () => {
    api = await startApi({ providers: [Notes] });
    base = (await api.app.getUrl()).replace('[::1]', '127.0.0.1');
    notes = api.app.get(Notes, { strict: false });
  });
  afterAll(() => api.close());

  const order = async (token: string): Promise<string> => {
    const { status, body } = await api.call<{ jobId: string }>('POST', '/users/me/exports', { token });
    expect(status).toBe(202);
    return body.jobId;
  };
  const look = (token: string, id: string) => api.call<Export>('GET', `/users/me/exports/${id}`, { token });
  const ready = (token: string, id: string): Promise<Export> =>
    eventually('the export', async () => {
      const { body } = await look(token, id);
      return body.contentUrl !== null || body.status === 'failed' ? body : undefined;
    });
  const download = (token: string, path: string) =>
    fetch(base + path, { headers: { authorization: `Bearer ${token}` } });

  it('has everything that features know of oneself, whatever went wrong on the way, as a ZIP archive', async () => {
    const { id: userId, accessToken: token } = await api.register('collector');
    const picture = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    await fetch(`${base}/api/users/me/avatar`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'image/png' },
      body: new Uint8Array(picture),
    });
    notes.failures = 1;
    notes.asked = [];
    const id = await order(token);
    const { contentUrl, status } = await ready(token, id);
    expect(status).toBe('succeeded');
    // It went on where it was, without beginning anew.
    expect(notes.asked).toEqual([undefined, '100', '200', '200', '300', '400']);

    const answer = await download(token, contentUrl ?? '');
    expect(answer.headers.get('content-type')).toBe('application/zip');
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    const files = await filesIn(Buffer.from(await answer.arrayBuffer()));
    expect([...files.keys()].sort()).toEqual(['avatar.webp', 'notes.jsonl', 'profile.json', 'sign-in.json']);
    expect(JSON.parse(String(files.get('profile.json')))).toMatchObject({
      id: userId,
      username: 'collector',
      email: 'collector@example.org',
    });
    const lines = String(files.get('notes.jsonl')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
      Array.from({ length: 500 }, (_, note) => ({ userId, note })),
    );
    expect(String(files.get('sign-in.json'))).not.toMatch(/hash|argon/i);
    expect((await sharp(files.get('avatar.webp')).metadata()).width).toBe(512);
  }, 60_000);

  it('is for its owner only, and the newest takes the place of the one before', async () => {
    const [owner, other] = [await api.register('owner.y'), await api.register('other.y')];
    const first = await order(owner.accessToken);
    const { contentUrl } = await ready(owner.accessToken, first);
    for (const path of [`/users/me/exports/${first}`, `/users/me/exports/${first}/content`]) {
      expect((await api.call('GET', path, { token: other.accessToken })).status).toBe(404);
    }
    expect((await download('nobody', contentUrl ?? '')).status).toBe(401);
    const second = await order(owner.accessToken);
    expect((await ready(owner.accessToken, second)).contentUrl).not.toBeNull();
    expect((await look(owner.accessToken, first)).status).toBe(404);
  });

  it('is there once, however many ask for it at once, and not before it is ready', async () => {
    const { accessToken: token } = await api.register('eager');
    const { promise, resolve } = withResolvers();
    notes.held = promise;
    const ids = await Promise.all([1, 2, 3].map(() => order(token)));
    expect(new Set(ids).size).toBe(1);
    const early = await api.call<{ code: string }>('GET', `/users/me/exports/${ids[0]}/content`, { token });
    expect(early.status).toBe(409);
    resolve();
    await ready(token, ids.at(-1) ?? '');
    const rows = await api.database.manager.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM user_exports e JOIN users u ON u.id = e.user_id WHERE u.username = $1',
      ['eager'],
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('is gone when its time is over', async () => {
    const { accessToken: token } = await api.register('late.one');
    const id = await order(token);
    const { contentUrl } = await ready(token, id);
    await api.database.manager.query(`UPDATE user_exports SET expires_at = now() - interval '1 s'`);
    expect((await look(token, id)).status).toBe(404);
    expect((await download(token, contentUrl ?? '')).status).toBe(404);
  });

  it('goes with its account, whose features erase in turns until nothing is left', async () => {
    const { id, accessToken: token } = await api.register('goner');
    await ready(token, await order(token));
    notes.left = 3;
    notes.erased = [];
    const { body } = await api.call<{ jobId: string }>('DELETE', '/users/me', { token });
    await eventually('the end', async () => {
      const job = await api.call<{ status: string }>('GET', `/jobs/${body.jobId}`, { token });
      return job.body.status === 'succeeded' || undefined;
    });
    expect(notes.erased).toEqual([id, id, id]);
    const rows = await api.database.manager.query('SELECT 1 FROM user_exports WHERE user_id = $1', [id]);
    expect(rows).toEqual([]);
  });
});
