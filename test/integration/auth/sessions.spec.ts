import { hash } from '@node-rs/argon2';
import { RefreshTokensService } from '../../../src/auth/refresh-tokens.service.js';
import { PASSWORD, startApi, tally, type ApiHarness } from './api-harness.js';

interface Pair {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

describe.each(['embedded', 'postgres'] as const)('sessions on %s', (on) => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApi({ on });
  });
  afterAll(() => api.close());

  const login = async (username: string): Promise<Pair> => {
    const { status, body } = await api.call<Pair>('POST', '/auth/login', {
      body: { email: `${username}@example.org`, password: PASSWORD },
    });
    expect(status).toBe(200);
    return body;
  };
  const refresh = (refreshToken: string) =>
    api.call<Pair & { code: string }>('POST', '/auth/refresh', { body: { refreshToken } });

  it('registering answers with the user and tokens that work at once', async () => {
    const { status, body, headers } = await api.call<Pair & { user: Record<string, unknown> }>(
      'POST',
      '/auth/register',
      {
        body: { email: 'Ann@Example.org', password: PASSWORD, username: 'Ann.Lee' },
      },
    );
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.user).toMatchObject({
      email: 'Ann@Example.org',
      username: 'Ann.Lee',
      displayName: 'Ann.Lee',
      role: 'user',
      tier: 'free',
      version: 1,
    });
    expect(JSON.stringify(body.user)).not.toMatch(/argon2|password/i);
    const me = await api.call('GET', '/auth/me', { token: body.accessToken });
    expect(me.status).toBe(200);
    expect(me.body).toEqual(body.user);
    expect(me.headers.get('cache-control')).toBe('no-store');
  });

  it('logging in takes the email address in any case and answers with exactly three members', async () => {
    await api.register('bob');
    const { status, body, headers } = await api.call<Pair>('POST', '/auth/login', {
      body: { email: 'BOB@example.ORG', password: PASSWORD },
    });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(body).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken']);
    expect(body.expiresIn).toBe(900);
  });

  it('a wrong password and an unknown address get the same answer', async () => {
    await api.register('carol');
    const answers = await Promise.all(
      ['carol@example.org', 'nobody@example.org'].map((email) =>
        api.call('POST', '/auth/login', { body: { email, password: 'wrong password' } }),
      ),
    );
    const [wrong, unknown] = answers.map(({ status, body }) => ({ status, ...body, requestId: undefined }));
    expect(wrong).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(answers.map(({ headers }) => headers.get('www-authenticate'))).toEqual(['Bearer', 'Bearer']);
    expect(unknown).toEqual(wrong);
  });

  it('a refresh token works once; using it again ends every session of that login, and no other', async () => {
    const { refreshToken: first } = await api.register('dave');
    const other = await login('dave');
    const second = await refresh(first);
    expect(second.status).toBe(200);
    expect(second.body.refreshToken).not.toBe(first);
    const third = await refresh(second.body.refreshToken);
    expect(third.status).toBe(200);

    const reuse = await refresh(first);
    expect(reuse.status).toBe(401);
    expect(reuse.body.code).toBe('unauthenticated');
    expect((await refresh(third.body.refreshToken)).status).toBe(401);
    expect((await refresh(other.refreshToken)).status).toBe(200);
  });

  it('of parallel refreshes with one token exactly one wins', async () => {
    const { refreshToken } = await api.register('erin');
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)));
    expect(tally(answers)).toEqual({ 200: 1, 401: 9 });
    // The nine were reuse: whoever won has lost the family.
    const winner = answers.find(({ status }) => status === 200);
    expect((await refresh(winner?.body.refreshToken ?? '')).status).toBe(401);
  });

  it('a logout racing with a rotation leaves no token alive', async () => {
    const { refreshToken } = await api.register('frank');
    const [rotated] = await Promise.all([
      refresh(refreshToken),
      api.call('POST', '/auth/logout', { body: { refreshToken } }),
    ]);
    // Whichever came first, the token that the rotation handed out (if it did) is dead.
    expect((await refresh(rotated.body.refreshToken ?? refreshToken)).status).toBe(401);
    const rows = await api.database.manager.query<{ alive: string }[]>(
      `SELECT count(*) AS alive FROM refresh_tokens t JOIN users u ON u.id = t.user_id
       WHERE u.username = 'frank' AND used_at IS NULL AND revoked_at IS NULL`,
    );
    expect(rows).toEqual([{ alive: '0' }]);
  });

  it('logging out ends the session, also the second time, also for a token nobody knows', async () => {
    const { refreshToken } = await api.register('grace');
    for (const token of [refreshToken, refreshToken, 'unknown']) {
      const { status, body } = await api.call('POST', '/auth/logout', { body: { refreshToken: token } });
      expect(status).toBe(204);
      expect(body).toBeUndefined();
    }
    expect((await refresh(refreshToken)).status).toBe(401);
  });

  it('an expired refresh token is refused', async () => {
    const { refreshToken } = await api.register('heidi');
    await api.database.manager.query(
      `UPDATE refresh_tokens SET expires_at = now() - interval '1 second'
       WHERE user_id = (SELECT id FROM users WHERE username = 'heidi')`,
    );
    expect((await refresh(refreshToken)).status).toBe(401);
  });

  it('tokens are kept as hashes only', async () => {
    const { refreshToken } = await api.register('ivan');
    const rows = await api.database.manager.query<{ stored: string }[]>(
      `SELECT t::text AS stored FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE u.username = 'ivan'`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.stored).not.toContain(refreshToken);
  });

  it('of parallel registrations of one name, and of one address, exactly one wins', async () => {
    const register = (email: string, username: string) =>
      api.call<{ code: string }>('POST', '/auth/register', { body: { email, password: PASSWORD, username } });
    const named = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        register(`judy${index}@example.org`, index % 2 ? 'JUDY' : 'judy'),
      ),
    );
    expect(tally(named)).toEqual({ 201: 1, 409: 4 });
    expect(new Set(named.filter(({ status }) => status === 409).map(({ body }) => body.code))).toEqual(
      new Set(['username-taken']),
    );
    const addressed = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        register(index % 2 ? 'KIM@example.org' : 'kim@example.org', `kim${index}`),
      ),
    );
    expect(tally(addressed)).toEqual({ 201: 1, 409: 4 });
    expect(addressed.find(({ status }) => status === 409)?.body.code).toBe('email-taken');
  });
});

describe('housekeeping', () => {
  it('removes tokens that are long past, and no other', async () => {
    const api = await startApi();
    try {
      await api.register('ann');
      const { refreshToken } = await api.register('bob');
      await api.database.manager.query(
        `UPDATE refresh_tokens SET expires_at = now() - interval '25 hours'
         WHERE user_id = (SELECT id FROM users WHERE username = 'ann')`,
      );
      await api.app.get(RefreshTokensService, { strict: false }).sweep();
      const rows = await api.database.manager.query<unknown[]>('SELECT id FROM refresh_tokens');
      expect(rows).toHaveLength(1);
      expect((await api.call('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200);
    } finally {
      await api.close();
    }
  });

  it('hashes a password anew when it was hashed with other costs, without changing the user', async () => {
    const api = await startApi({ settings: { AUTH_ARGON2_MEMORY_KIB: '128' } });
    try {
      await api.register('ann');
      const cheap = await hash(PASSWORD, { memoryCost: 64, timeCost: 1, parallelism: 1 });
      await api.database.manager.query('UPDATE users SET password_hash = $1', [cheap]);
      const login = () =>
        api.call('POST', '/auth/login', { body: { email: 'ann@example.org', password: PASSWORD } });
      expect((await login()).status).toBe(200);
      const [row] = await api.database.manager.query<{ password_hash: string; version: number }[]>(
        'SELECT password_hash, version FROM users',
      );
      expect(row?.password_hash).toContain('m=128,');
      expect(row?.version).toBe(1);
      expect((await login()).status).toBe(200);
    } finally {
      await api.close();
    }
  });
});

describe('what registration refuses', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  it.each([
    ['a short password', { password: 'short' }, '#/password'],
    ['an endless password', { password: 'x'.repeat(201) }, '#/password'],
    ['the username as password', { password: 'Mallory-1' }, '#/password'],
    ['something that is not an email address', { email: 'mallory' }, '#/email'],
    ['a reserved name', { username: 'admin' }, '#/username'],
    ['a name that looks reserved', { username: 'adm1n' }, '#/username'],
    ['a wish to be an administrator', { role: 'admin' }, '#/role'],
  ])('%s', async (_what, fault, pointer) => {
    const { status, body } = await api.call<{ code: string; errors: { pointer: string }[] }>(
      'POST',
      '/auth/register',
      {
        body: { email: 'mallory@example.org', username: 'mallory-1', password: PASSWORD, ...fault },
      },
    );
    expect(status).toBe(400);
    expect(body.code).toBe('validation-failed');
    expect(body.errors.map((error) => error.pointer)).toContain(pointer);
  });
});
