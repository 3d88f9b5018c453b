import { startApi, tally, type ApiHarness } from '../auth/api-harness.js';

interface Profile {
  id: string;
  username: string;
  displayName: string;
  bio: string;
}
interface User extends Profile {
  version: number;
  locale: string | null;
  timezone: string | null;
  avatarUrl: string | null;
  tier: string;
}
interface Problem {
  code: string;
  errors: { pointer: string; code: string }[];
}
interface Check {
  available: boolean;
  normalized: string;
  violations: { code: string }[];
  suggestions: string[];
}

describe('users', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  const patch = (token: string, body: unknown, headers?: Record<string, string>) =>
    api.call<User & Problem>('PATCH', '/users/me', { token, body, headers });
  const check = async (username: string) =>
    (await api.call<Check>('POST', '/users/username-checks', { body: { username } })).body;

  it('see all of themselves and only the public part of others', async () => {
    const ann = await api.register('ann');
    const bob = await api.register('bob');
    const me = await api.call<User>('GET', '/users/me', { token: ann.accessToken });
    expect(me.body).toMatchObject({ id: ann.id, email: 'ann@example.org', tier: 'free' });
    const seen = await api.call<Profile>('GET', `/users/${ann.id}`, { token: bob.accessToken });
    expect(Object.keys(seen.body).sort()).toEqual([
      'avatarUrl',
      'bio',
      'createdAt',
      'deleted',
      'displayName',
      'id',
      'username',
    ]);
    for (const id of [crypto.randomUUID(), 'not-an-id']) {
      expect((await api.call('GET', `/users/${id}`, { token: bob.accessToken })).status).toBe(404);
    }
  });

  it('change themselves by merge patch: null clears, absent keeps, the version and its ETag rise', async () => {
    const { accessToken: token } = await api.register('carol');
    const full = await patch(
      token,
      {
        displayName: 'Carol C.',
        bio: 'Hi',
        avatarUrl: 'https://img.example/c.png',
        locale: 'de-de',
        timezone: 'Europe/Berlin',
      },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(full.status).toBe(200);
    expect(full.headers.get('etag')).toBe('"2"');
    expect(full.body).toMatchObject({ displayName: 'Carol C.', bio: 'Hi', locale: 'de-DE', version: 2 });
    const cleared = await patch(token, { displayName: null, bio: null, avatarUrl: null, timezone: null });
    expect(cleared.body).toMatchObject({
      displayName: 'carol',
      bio: '',
      avatarUrl: null,
      timezone: null,
      locale: 'de-DE',
    });
    const unchanged = await patch(token, { bio: '' });
    expect(unchanged.body.version).toBe(3);
  });

  it.each([
    [{ nickname: 'x' }, '#/nickname'],
    [{ tier: 'premium' }, '#/tier'],
    [{ role: 'admin' }, '#/role'],
    [{ username: null }, '#/username'],
    [{ username: 'no spaces' }, '#/username'],
    [{ displayName: ' ' }, '#/displayName'],
    [{ displayName: 'a\u0000b' }, '#/displayName'],
    [{ avatarUrl: 'javascript:alert(1)' }, '#/avatarUrl'],
    [{ timezone: 'Mars/Olympus' }, '#/timezone'],
    [{ locale: 'not a locale' }, '#/locale'],
    [{ locale: 'x_1' }, '#/locale'],
    [{ bio: 'x'.repeat(2001) }, '#/bio'],
  ])('cannot change themselves by %j', async (body, pointer) => {
    const { accessToken: token } = await api.register(`p${crypto.randomUUID().slice(0, 12)}`);
    const answer = await patch(token, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error) => error.pointer)).toContain(pointer);
  });

  it('overwrite only the version they have read', async () => {
    const { accessToken: token } = await api.register('dave');
    expect((await patch(token, { bio: 'a' }, { 'if-match': '"1"' })).status).toBe(200);
    const late = await patch(token, { bio: 'b' }, { 'if-match': '"1"' });
    expect(late.status).toBe(412);
    expect(late.body.code).toBe('precondition-failed');
    const me = await api.call<User>('GET', '/users/me', { token });
    expect(me.body.bio).toBe('a');
    const etag = me.headers.get('etag') ?? '';
    expect((await api.call('GET', '/users/me', { token, headers: { 'if-none-match': etag } })).status).toBe(
      304,
    );
    const racing = await Promise.all(
      ['x', 'y', 'z'].map((bio) => patch(token, { bio }, { 'if-match': etag })),
    );
    expect(tally(racing)).toEqual({ 200: 1, 412: 2 });
  });

  it('are read from the database once', async () => {
    const { id, accessToken: token } = await api.register('nina');
    const queries = async (path: string) =>
      (await api.call('GET', path, { token })).headers.get('server-timing')?.match(/desc="(\d+)/)?.[1];
    for (const path of ['/users/me', `/users/${id}`, '/users/by-username/nina', '/auth/me'])
      await queries(path);
    expect(await queries('/users/me')).toBe('0');
    expect(await queries(`/users/${id}`)).toBe('0');
    expect(await queries('/users/by-username/nina')).toBe('0');
    expect(await queries('/auth/me')).toBe('0');
    await patch(token, { bio: 'changed' });
    expect(Number(await queries('/users/me'))).toBeGreaterThan(0);
  });

  it('who take a new name are found by it at once, and by the old one no more', async () => {
    const { id, accessToken: token } = await api.register('erin');
    const byName = async (name: string) =>
      (await api.call<Profile>('GET', `/users/by-username/${name}`, { token })).status;
    const profile = async () => (await api.call<Profile>('GET', `/users/${id}`, { token })).body.username;
    const me = async () => (await api.call<User>('GET', '/users/me', { token })).body.username;

    // Every read is cached for longer than this test.
    expect([await byName('ERIN'), await byName('erin.new'), await profile(), await me()]).toEqual([
      200,
      404,
      'erin',
      'erin',
    ]);
    expect([(await check('erin')).available, (await check('erin.new')).available]).toEqual([false, true]);

    expect((await patch(token, { username: 'Erin.New' })).status).toBe(200);
    expect([await byName('erin'), await byName('erin.new'), await profile(), await me()]).toEqual([
      404,
      200,
      'Erin.New',
      'Erin.New',
    ]);
    expect([(await check('erin')).available, (await check('erin.new')).available]).toEqual([true, false]);
  });

  it('a name looked up before it is registered is found once it is', async () => {
    const { accessToken: token } = await api.register('frank');
    expect((await api.call('GET', '/users/by-username/newcomer', { token })).status).toBe(404);
    expect((await check('newcomer')).available).toBe(true);
    await api.register('newcomer');
    expect((await api.call('GET', '/users/by-username/newcomer', { token })).status).toBe(200);
    expect((await check('newcomer')).available).toBe(false);
  });

  it('of two who rename to one name at once exactly one gets it', async () => {
    const [gina, hans] = await Promise.all([api.register('gina'), api.register('hans')]);
    const answers = await Promise.all([
      patch(gina.accessToken, { username: 'contested' }),
      patch(hans.accessToken, { username: 'Contested' }),
    ]);
    expect(tally(answers)).toEqual({ 200: 1, 409: 1 });
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('username-taken');
  });

  it('learn what is wrong with a name and what else they could take', async () => {
    await api.register('ines');
    const taken = await check('Ines');
    expect(taken).toMatchObject({ normalized: 'ines', available: false });
    expect(taken.violations.map(({ code }) => code)).toEqual(['taken']);
    expect(taken.suggestions).toHaveLength(3);
    await api.register(taken.suggestions[0] ?? '');
    const again = await check('ines');
    expect(again.suggestions).not.toContain(taken.suggestions[0]);
    for (const name of again.suggestions) expect((await check(name)).available).toBe(true);
    expect((await check('admin')).violations.map(({ code }) => code)).toEqual(['reserved']);
  });

  it('look several people up at once, each once; what nobody has is named', async () => {
    const kim = await api.register('kim');
    const leo = await api.register('leo');
    const ghost = crypto.randomUUID();
    const { status, body } = await api.call<{ users: Profile[]; missing: string[] }>(
      'POST',
      '/users/lookup',
      {
        token: kim.accessToken,
        body: {
          ids: [leo.id, leo.id.toUpperCase(), ghost, 'nonsense'],
          usernames: ['KIM', 'Leo', 'nobody-here'],
        },
      },
    );
    expect(status).toBe(200);
    expect(body.users.map(({ username }) => username)).toEqual(['leo', 'kim']);
    expect(body.missing).toEqual([ghost, 'nonsense', 'nobody-here']);
    const none = await api.call<{ users: Profile[] }>('POST', '/users/lookup', {
      token: kim.accessToken,
      body: {},
    });
    expect(none.body).toEqual({ users: [], missing: [] });
    const tooMany = await api.call('POST', '/users/lookup', {
      token: kim.accessToken,
      body: { ids: Array<string>(101).fill(leo.id) },
    });
    expect(tooMany.status).toBe(400);
  });

  it('have a tier that only administrators read and set, and that counts at once', async () => {
    const admin = await api.register('chief');
    const { id, accessToken } = await api.register('mona');
    await api.database.manager.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [admin.id]);
    const path = `/admin/users/${id}/tier`;
    expect((await api.call('PUT', path, { token: accessToken, body: { tier: 'premium' } })).status).toBe(403);
    expect((await api.call('GET', path, { token: accessToken })).status).toBe(403);

    // The role is read when a token is issued, past what was cached about the user at registration.
    const { body: tokens } = await api.call<{ accessToken: string }>('POST', '/auth/refresh', {
      body: { refreshToken: admin.refreshToken },
    });
    const token = tokens.accessToken;
    const before = await api.call<{ tier: string; since: string }>('GET', path, { token });
    expect(before.body).toMatchObject({ tier: 'free' });
    expect((await api.call<User>('GET', '/users/me', { token: accessToken })).body.tier).toBe('free');
    const set = await api.call<{ tier: string; since: string }>('PUT', path, {
      token,
      body: { tier: 'premium' },
    });
    expect(set.status).toBe(200);
    expect(set.body.tier).toBe('premium');
    expect(Date.parse(set.body.since)).toBeGreaterThanOrEqual(Date.parse(before.body.since));
    expect((await api.call<User>('GET', '/users/me', { token: accessToken })).body.tier).toBe('premium');
    expect((await api.call('PUT', path, { token, body: { tier: 'gold' } })).status).toBe(400);
    const unknown = `/admin/users/${crypto.randomUUID()}/tier`;
    expect((await api.call('PUT', unknown, { token, body: { tier: 'free' } })).status).toBe(404);
  });
});

describe('guesses at names', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApi({ settings: { USERNAME_LOOKUPS_PER_MINUTE: '2' } });
  });
  afterAll(() => api.close());

  it('run out for each caller, for right guesses too; known names never do', async () => {
    const [ann, bob] = [await api.register('ann'), await api.register('bob')];
    const lookup = async (name: string, { accessToken: token } = ann) =>
      (await api.call('GET', `/users/by-username/${name}`, { token })).status;
    for (let index = 0; index < 5; index += 1) expect(await lookup('bob')).toBe(200);
    expect([await lookup('guess-1'), await lookup('guess-2')]).toEqual([404, 404]);
    expect([await lookup('guess-3'), await lookup('bob')]).toEqual([429, 429]);
    expect(await lookup('bob', bob)).toBe(200);
  });

  it('by username checks run out for each address', async () => {
    const check = () => api.call('POST', '/users/username-checks', { body: { username: 'somebody' } });
    expect(tally([await check(), await check(), await check()])).toEqual({ 200: 2, 429: 1 });
  });
});
