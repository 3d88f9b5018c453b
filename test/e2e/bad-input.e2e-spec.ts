import { randomUUID } from 'node:crypto';
import {
  Api,
  expectStatus,
  newCharacter,
  newPerson,
  type Person,
  type Problem,
} from '../support/api-client.js';
import { faultOf, faultsOf, type Attempt } from '../support/refusals.js';
import { routesOf, type Route } from '../support/openapi-routes.js';
import { sharedService, START_MS } from '../support/service.js';
import { adminToken } from '../support/tokens.js';

let url: string;
let person: Person;
/** May call every route, so that it is the input that is refused. */
let admin: Api;
let routes: Route[];

beforeAll(async () => {
  url = await sharedService();
  person = await newPerson(url);
  admin = new Api(url, await adminToken(person.user.id));
  // The API for programs made for OpenAI refuses in that form, which has tests of its own.
  routes = (await routesOf(url)).filter(({ template }) => !template.startsWith('/openai/'));
}, START_MS);

/** With a precondition that always holds: some routes ask for one before they look at anything else. */
const refusals = (attempts: Attempt[]): Promise<string[]> =>
  faultsOf(
    admin,
    attempts.map((attempt) => ({ ...attempt, headers: { 'if-match': '*', ...attempt.headers } })),
  );

const withBody = (): Route[] => routes.filter(({ properties }) => properties !== undefined);

test('every route that is not public asks for a token', async () => {
  const anonymous = new Api(url);
  const attempts = routes
    .filter(({ isPublic }) => !isPublic)
    .map(({ method, path }) => ({ method, path, what: 'anonymous', expected: [401], api: anonymous }));
  expect(await refusals(attempts)).toEqual([]);
});

test('a body that is no JSON object is refused on every route', async () => {
  const bodies = ['[]', '"text"', '5', 'true', '{"open":', '{]', 'not json', '['.repeat(5_000)];
  const attempts = withBody().flatMap(({ method, path }) =>
    bodies.map((body) => ({ method, path, what: body.slice(0, 10), body, expected: [400] })),
  );
  expect(await refusals(attempts)).toEqual([]);
});

test('a field that no route knows is refused on every route, by name', async () => {
  const attempts = withBody()
    .filter(({ isFreeForm }) => !isFreeForm)
    .map(({ method, path }) => ({
      method,
      path,
      what: 'an unknown field',
      body: JSON.stringify({ noSuchField: 1 }),
      expected: [400],
      pointer: '#/noSuchField',
    }));
  expect(await refusals(attempts)).toEqual([]);
});

test('a field of a wrong type is refused on every route, by name', async () => {
  const wrong: Record<string, unknown[]> = {
    string: [5, true, ['a'], { a: 1 }],
    integer: ['five', 1.5, [1], {}],
    number: ['five', [1], {}],
    boolean: ['maybe', 1, []],
    array: ['text', 5, { length: 1 }],
    object: ['text', 5, [1]],
  };
  const attempts = withBody().flatMap(({ method, path, properties = {} }) =>
    Object.entries(properties).flatMap(([name, type]) =>
      (wrong[type] ?? []).map((value) => ({
        method,
        path,
        what: `${name} (${type}) is ${JSON.stringify(value)}`,
        body: JSON.stringify({ [name]: value }),
        expected: [400],
        pointer: `#/${name}`,
      })),
    ),
  );
  expect(await refusals(attempts)).toEqual([]);
});

test('a body beyond 1 MiB and a body of another media type are refused on every route', async () => {
  const large = JSON.stringify({ text: 'a'.repeat(1_100_000) });
  const attempts = withBody().flatMap(({ method, path }) => [
    { method, path, what: '1.1 MB', body: large, expected: [413] },
    ...['text/plain', 'application/xml', 'application/x-www-form-urlencoded'].map((type) => ({
      method,
      path,
      what: type,
      body: 'a=1',
      headers: { 'content-type': type },
      expected: [415],
    })),
  ]);
  expect(await refusals(attempts)).toEqual([]);
});

test('metadata beyond 16 KiB is refused, within it kept', async () => {
  const { id } = await person.converse((await newCharacter(person)).id);
  const path = `/api/conversations/${id}/metadata`;
  const large = await person.put<Problem>(path, { notes: 'a'.repeat(17_000) });
  expect([large.status, large.body.code]).toEqual([413, 'payload-too-large']);
  const notes = 'a'.repeat(16_000);
  expectStatus(200, await person.put(path, { notes }));
  expect((await person.get(path)).body).toEqual({ notes });
});

test('an answer in a form that no route has is refused', async () => {
  const attempts = routes.map(({ method, path }) => ({
    method,
    path,
    what: 'Accept: image/bmp',
    headers: { accept: 'image/bmp' },
    expected: [406],
  }));
  expect(await refusals(attempts)).toEqual([]);
});

test('a method that a path does not have is refused with those that it has', async () => {
  const faults = [];
  for (const [template, path] of new Map(routes.map((route) => [route.template, route.path]))) {
    // Other templates fit the same path, such as /users/{id} and /users/lookup.
    const fits = (other: string): boolean =>
      new RegExp(`^${other.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path) || other === template;
    const methods = routes.filter((route) => fits(route.template)).map(({ method }) => method);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
      (name) => !methods.includes(name),
    )) {
      const answer = await admin.send<Problem>(method, path, undefined);
      faults.push(faultOf({ method, path, what: 'no such method', expected: [405] }, answer));
      const allow = answer.headers.get('allow')?.split(/, ?/) ?? [];
      if (!methods.every((name) => allow.includes(name)))
        faults.push(`${method} ${path}: Allow is ${allow.join()}`);
    }
  }
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
});

test('a NUL character is refused wherever text is stored or looked for', async () => {
  const nul = '"a\\u0000b"';
  const { id: characterId } = await newCharacter(person);
  const { id } = await person.converse(characterId);
  const attempts: [method: string, path: string, body?: string][] = [
    ['POST', '/api/auth/login', `{"email":${nul},"password":"secret secret"}`],
    ['POST', '/api/users/username-checks', `{"username":${nul}}`],
    ['POST', '/api/users/lookup', `{"usernames":[${nul}]}`],
    ['PATCH', '/api/users/me', `{"bio":${nul}}`],
    ['POST', '/api/characters', `{"name":"A","tags":[${nul}]}`],
    ['POST', '/api/conversations', `{"characterId":"${characterId}","title":${nul}}`],
    ['PUT', `/api/conversations/${id}/metadata`, `{"a":${nul}}`],
    ['POST', `/api/conversations/${id}/messages`, `{"clientMessageId":"1","text":${nul}}`],
    ['POST', `/api/conversations/${id}/messages`, `{"clientMessageId":${nul},"text":"a"}`],
    ['GET', '/api/characters?q=a%00b'],
    ['GET', '/api/characters?tag=a%00b'],
    ['GET', '/api/users/by-username/a%00b'],
  ];
  // A login and a check answer as they do to every name that nobody has.
  const expected = [200, 400, 401, 404];
  const answers = attempts.map(async ([method, path, body]) => {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const { status } = await person.fetch(path, { method, body, headers });
    return expected.includes(status) ? undefined : `${method} ${path} ${status}`;
  });
  expect((await Promise.all(answers)).filter((fault) => fault !== undefined)).toEqual([]);
});

test('an id that is none finds nothing, whatever it is', async () => {
  const ids = [
    'nothing',
    '1',
    '%00',
    '..%2F..%2Fetc%2Fpasswd',
    "'%20OR%201=1--",
    '%F0%9F%99%82',
    'a'.repeat(300),
  ];
  const attempts = routes.flatMap(({ method, template, takesPictures }) =>
    template.includes('{')
      ? ids.map((id) => ({
          method,
          path: template.replace(/\{[^}]+\}/g, id),
          what: 'a bad id',
          body: method === 'GET' || method === 'DELETE' ? undefined : '{}',
          ...(takesPictures ? { headers: { 'content-type': 'image/png' } } : {}),
          expected: [400, 404],
        }))
      : [],
  );
  expect(await refusals(attempts)).toEqual([]);
});

test.each([
  '/api/characters?limit=0',
  '/api/characters?limit=101',
  '/api/characters?limit=many',
  '/api/characters?limit=1.5',
  '/api/characters?order=sideways',
  '/api/characters?sort=best',
  '/api/characters?cursor=garbage',
  '/api/characters?noSuchFilter=1',
  '/api/characters?q=a&q=b',
  '/api/conversations?characterId=nobody',
  '/api/conversations?archived=maybe',
  '/api/conversations?updatedSince=yesterday',
  `/api/conversations/${randomUUID()}/messages?limit=0`,
  `/api/conversations/${randomUUID()}/messages?before=-1`,
  `/api/conversations/${randomUUID()}/messages?around=x`,
  '/api/characters/%E0%A4%A',
])('GET %s is refused', async (path) => {
  expect(
    await refusals([{ method: 'GET', path, what: 'a bad query', expected: [400], api: person }]),
  ).toEqual([]);
});

test('a cursor is good for its own list and filters only', async () => {
  for (const name of ['One', 'Two']) await person.post('/api/characters', { name, visibility: 'public' });
  const { nextCursor } = (await person.get<{ nextCursor: string }>('/api/characters?limit=1')).body;
  const cursor = encodeURIComponent(nextCursor);
  expect((await person.get(`/api/characters?limit=1&cursor=${cursor}`)).status).toBe(200);
  for (const path of ['/api/conversations?', '/api/characters?tag=x&', '/api/characters?sort=name&']) {
    const { status, body } = await person.get<Problem>(`${path}cursor=${cursor}`);
    expect([path, status, body.code]).toEqual([path, 400, 'invalid-cursor']);
  }
  const tampered = `${cursor.slice(0, -4)}AAAA`;
  expect((await person.get<Problem>(`/api/characters?limit=1&cursor=${tampered}`)).body.code).toBe(
    'invalid-cursor',
  );
});
