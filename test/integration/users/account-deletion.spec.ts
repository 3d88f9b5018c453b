import { eventually } from '../../support/eventually.js';
import { startApi, tally, type ApiHarness } from '../auth/api-harness.js';

interface Job {
  status: string;
  error: unknown;
}

describe('the deletion of an account', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  const remove = (token: string, headers?: Record<string, string>) =>
    api.call<{ jobId: string; code: string }>('DELETE', '/users/me', { token, headers });
  const codes = async (username: string) => {
    const body = { username };
    const { body: check } = await api.call<{ violations: { code: string }[] }>(
      'POST',
      '/users/username-checks',
      {
        body,
      },
    );
    return check.violations.map(({ code }) => code);
  };
  const ended = (token: string, jobId: string): Promise<Job> =>
    eventually('the end', async () => {
      const { body } = await api.call<Job>('GET', `/jobs/${jobId}`, { token });
      return ['queued', 'running', 'waiting'].includes(body.status) ? undefined : body;
    });

  it('closes it at once for everybody, and leaves a row that tells nothing of the person', async () => {
    const reader = await api.register('reader');
    const { id, accessToken: token, refreshToken } = await api.register('leaver');
    await api.call('PATCH', '/users/me', { token, body: { bio: 'My life', locale: 'de-DE' } });
    // Every read is cached for longer than this test.
    const seen = async () => {
      const { accessToken } = reader;
      const profile = await api.call('GET', `/users/${id}`, { token: accessToken });
      const byName = await api.call('GET', '/users/by-username/leaver', { token: accessToken });
      return [profile.status, byName.status];
    };
    const lookup = async () =>
      (
        await api.call<{ users: object[]; missing: string[] }>('POST', '/users/lookup', {
          token: reader.accessToken,
          body: { ids: [id], usernames: ['leaver'] },
        })
      ).body;
    expect(await seen()).toEqual([200, 200]);
    expect(await lookup()).toMatchObject({ users: [{ username: 'leaver', deleted: false }], missing: [] });
    expect(await codes('leaver')).toEqual(['taken']);

    const { status, body } = await remove(token);
    expect(status).toBe(202);
    expect(await seen()).toEqual([404, 404]);
    const tombstone = {
      id,
      username: 'deleted',
      displayName: 'Deleted user',
      bio: '',
      avatarUrl: null,
      deleted: true,
    };
    expect(await lookup()).toMatchObject({ users: [tombstone], missing: ['leaver'] });
    const shut = await Promise.all([
      api.call('GET', '/users/me', { token }),
      api.call('PATCH', '/users/me', { token, body: { bio: 'x' } }),
      api.call('POST', '/auth/refresh', { body: { refreshToken } }),
      api.call('POST', '/auth/login', {
        body: { email: 'leaver@example.org', password: 'correct horse battery' },
      }),
      api.call('POST', `/jobs/${body.jobId}/cancel`, { token }),
    ]);
    expect(tally(shut)).toEqual({ 401: 5 });

    expect(await ended(token, body.jobId)).toMatchObject({ status: 'succeeded' });
    const [row] = await api.database.manager.query<Record<string, unknown>[]>(
      'SELECT * FROM users WHERE id = $1',
      [id],
    );
    expect(JSON.stringify(row)).not.toMatch(/leaver|My life|de-DE|argon/i);
    expect(row).toMatchObject({ username: 'deleted', email: null, password_hash: null });
    for (const table of ['refresh_tokens', 'user_identities', 'api_keys']) {
      const rows = await api.database.manager.query(`SELECT 1 FROM ${table} WHERE user_id = $1`, [id]);
      expect([table, rows]).toEqual([table, []]);
    }
    expect(await lookup()).toMatchObject({ users: [tombstone], missing: ['leaver'] });
  });

  it('frees the username and the address when it has ended', async () => {
    const { accessToken: token } = await api.register('phoenix');
    expect(await codes('phoenix')).toEqual(['taken']);
    const { body } = await remove(token);
    await ended(token, body.jobId);
    expect(await codes('phoenix')).toEqual([]);
    const again = await api.register('phoenix');
    const found = await api.call<{ id: string }>('GET', '/users/by-username/phoenix', {
      token: again.accessToken,
    });
    expect(found.body.id).toBe(again.id);
    // The old token does not open the new account, nor the old one.
    expect((await api.call('GET', '/users/me', { token })).status).toBe(401);
  });

  it('is asked for once: whoever asks again is told of the job that there is', async () => {
    const { accessToken: token } = await api.register('insistent');
    const answers = await Promise.all([1, 2, 3].map(() => remove(token)));
    expect(tally(answers)).toEqual({ 202: 1, 409: 2 });
    expect(new Set(answers.filter(({ status }) => status === 409).map(({ body }) => body.code))).toEqual(
      new Set(['already-pending']),
    );
    const jobId = answers.find(({ status }) => status === 202)?.body.jobId ?? '';
    await ended(token, jobId);
    expect((await remove(token)).status).toBe(409);
  });

  it('is answered again to who repeats it with its Idempotency-Key', async () => {
    const { accessToken: token } = await api.register('repeating');
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const [first, second] = [await remove(token, headers), await remove(token, headers)];
    expect([first.status, second.status, second.body.jobId]).toEqual([202, 202, first.body.jobId]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is refused to who has not seen the newest version, and to everybody but oneself', async () => {
    const { accessToken: token } = await api.register('careful');
    expect((await remove(token, { 'if-match': '"7"' })).status).toBe(412);
    expect((await remove('nobody')).status).toBe(401);
    expect((await api.call('GET', '/users/me', { token })).status).toBe(200);
  });
});
