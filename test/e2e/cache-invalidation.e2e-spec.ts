import { Api, expectStatus, newCharacter, newPerson, type Person } from '../support/api-client.js';
import { sharedService, START_MS } from '../support/service.js';
import { adminToken } from '../support/tokens.js';

let person: Person;
let admin: Api;

beforeAll(async () => {
  const url = await sharedService();
  person = await newPerson(url);
  admin = new Api(url, await adminToken(person.user.id));
}, START_MS);

describe('an administrator drops cached answers', () => {
  const readStatus = async (path: string): Promise<string> =>
    String((await person.get(path)).headers.get('cache-status'));

  test.each([
    ['by key', (id: string) => ({ keys: [`character:${id}`] })],
    ['by the beginning of keys', (id: string) => ({ prefix: `character:${id.slice(0, 12)}` })],
  ])('%s', async (_how, invalidation) => {
    const { id } = await newCharacter(person);
    const path = `/api/characters/${id}`;
    await readStatus(path);
    expect(await readStatus(path)).toContain('character; hit');
    const answer = await admin.post<{ outcome: string }>('/api/cache/invalidate', invalidation(id));
    expect(expectStatus(202, answer).outcome).toBe('applied');
    expect(await readStatus(path)).toContain('character; fwd=miss');
  });

  test('by tag', async () => {
    const answer = await admin.post<{ outcome: string }>('/api/cache/invalidate', { tags: ['any'] });
    expect(expectStatus(202, answer)).toEqual({ outcome: 'applied' });
  });

  test.each([[{}], [{ tags: ['a'], keys: ['b'] }], [{ prefix: '' }], [{ keys: [] }], [{ tags: [1] }]])(
    'and is told what is wrong with %j',
    async (body) => {
      expect((await admin.post('/api/cache/invalidate', body)).status).toBe(400);
    },
  );
});
