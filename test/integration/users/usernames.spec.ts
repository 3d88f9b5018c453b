import { skeletonOf } from '../../../src/users/users.rules.js';
import { startApi, tally, type ApiHarness } from '../auth/api-harness.js';

interface Check {
  available: boolean;
  violations: { code: string }[];
  suggestions: string[];
}

describe('usernames', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  const rename = (token: string, username: string) =>
    api.call<{ code: string }>('PATCH', '/users/me', { token, body: { username } });
  const check = async (username: string) =>
    (await api.call<Check>('POST', '/users/username-checks', { body: { username } })).body;
  const codes = async (username: string) => (await check(username)).violations.map(({ code }) => code);
  const join = (username: string, email = `${crypto.randomUUID()}@example.org`) =>
    api.call<{ code: string }>('POST', '/auth/register', {
      body: { username, email, password: 'correct horse battery' },
    });

  it('that look like the name of somebody else cannot be had, by whichever way', async () => {
    const { accessToken: token } = await api.register('clive.moore');
    await api.register('passer-by');
    for (const name of ['cl1ve.moore', 'CLlVE.moore', 'clive.rnoore', 'clive.m00re']) {
      expect(await check(name)).toMatchObject({ available: false, violations: [{ code: 'confusable' }] });
      const refused = await join(name);
      expect([refused.status, refused.body.code]).toEqual([409, 'username-taken']);
    }
    expect(await codes('clive-moore')).toEqual([]);
    const { suggestions } = await check('cl1ve.moore');
    expect(suggestions).toHaveLength(3);
    for (const name of suggestions) expect(await codes(name)).toEqual([]);
    // One's own name may change its look.
    expect((await rename(token, 'cl1ve.moore')).status).toBe(200);
    expect([await codes('clive.moore'), await codes('cl1ve.moore')]).toEqual([['confusable'], ['taken']]);
  });

  it('free what they looked like when they are given up, and take what they look like when they are taken', async () => {
    const { accessToken: token } = await api.register('oliver');
    // Every answer is cached for longer than this test.
    expect([await codes('0liver'), await codes('oliver'), await codes('mortirner')]).toEqual([
      ['confusable'],
      ['taken'],
      [],
    ]);
    expect((await rename(token, 'mortimer')).status).toBe(200);
    expect([await codes('0liver'), await codes('oliver'), await codes('mortirner')]).toEqual([
      [],
      [],
      ['confusable'],
    ]);
    await api.register('0liver');
    expect(await codes('oliver')).toEqual(['confusable']);
  });

  it('go to exactly one of many who want one at once, in whatever case, width and look', async () => {
    const forms = [
      'wanted.name',
      'WANTED.NAME',
      'ｗａｎｔｅｄ.name',
      'Wanted.Name',
      'vvanted.name',
      'ｗanted.nａrne',
    ];
    const people = await Promise.all(forms.slice(3).map((_form, index) => api.register(`suitor-${index}a`)));
    const answers = await Promise.all([
      ...forms.slice(0, 3).map((form) => join(form)),
      ...people.map(({ accessToken }, index) => rename(accessToken, forms[index + 3] ?? '')),
    ]);
    const won = answers.filter(({ status }) => status === 200 || status === 201);
    expect(won).toHaveLength(1);
    expect(tally(answers)[409]).toBe(forms.length - 1);
    const lost = answers.filter(({ status }) => status === 409).map(({ body }) => body.code);
    expect(new Set(lost)).toEqual(new Set(['username-taken']));
  });

  it('have one skeleton in SQL and in the service', async () => {
    const names = ['0123456789', 'abcdefghijklmnopqrstuvwxyz', 'a.b_c-d', 'rnmvvw1il0o'];
    const expression = `replace(replace(translate(n, 'i10', 'llo'), 'm', 'rn'), 'w', 'vv')`;
    const rows = await api.database.manager.query<{ skeleton: string }[]>(
      `SELECT ${expression} AS skeleton FROM unnest($1::text[]) AS n`,
      [names],
    );
    expect(rows.map(({ skeleton }) => skeleton)).toEqual(names.map(skeletonOf));
  });
});
