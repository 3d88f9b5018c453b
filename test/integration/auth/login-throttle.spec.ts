import { testServers } from '../../support/test-servers.js';
import { PASSWORD, startApi, type ApiHarness } from './api-harness.js';

const settings = {
  AUTH_LOGINS_PER_ACCOUNT: '3',
  AUTH_LOGINS_PER_ADDRESS: '8',
  TRUST_PROXY: 'true',
  // A busy machine must not make this process count for itself.
  RATE_LIMIT_DEADLINE: '5s',
};

let calls = 0;
/** A caller nobody has seen before. */
const newAddress = (): string => `203.0.113.${(calls += 1)}`;

describe.each(['memory', 'redis'] as const)('failed logins counted in %s', (where) => {
  let api: ApiHarness;
  beforeAll(async () => {
    const redisUrl = where === 'redis' ? await testServers.redisUrl() : undefined;
    api = await startApi({ settings, redisUrl });
  });
  afterAll(() => api.close());

  const login = (email: string, password: string, address: string) =>
    api.call<{ code: string; retryAfterMs: number; detail: string }>('POST', '/auth/login', {
      body: { email, password },
      headers: { 'x-forwarded-for': address },
    });
  const statuses = async (count: number, attempt: (index: number) => Promise<{ status: number }>) => {
    const answers: number[] = [];
    for (let index = 0; index < count; index += 1) answers.push((await attempt(index)).status);
    return answers;
  };

  it.each(['known', 'unknown'])(
    'refuse a %s account after the limit, from any address, with the right password too',
    async (kind) => {
      const email = `${kind}@example.org`;
      if (kind === 'known') await api.register(kind);
      expect(await statuses(3, () => login(email, 'wrong password', newAddress()))).toEqual([401, 401, 401]);
      const { status, body, headers } = await login(email.toUpperCase(), PASSWORD, newAddress());
      expect(status).toBe(429);
      expect(body).toMatchObject({
        code: 'rate-limited',
        detail: 'Too many failed logins; try again later.',
      });
      // One of three in 15 minutes.
      expect(body.retryAfterMs).toBeGreaterThan(240_000);
      expect(body.retryAfterMs).toBeLessThanOrEqual(300_000);
      expect(Number(headers.get('retry-after'))).toBe(Math.ceil(body.retryAfterMs / 1000));
    },
  );

  it('cannot be slipped past in parallel', async () => {
    const email = `parallel@example.org`;
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => login(email, 'wrong password', newAddress())),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(9);
  });

  it('refuse an address that tries many accounts, and no other address', async () => {
    const address = newAddress();
    const answers = await statuses(9, (index) => login(`many-${index}@example.org`, 'wrong', address));
    expect(answers).toEqual([...Array<number>(8).fill(401), 429]);
    expect((await login(`many-0@example.org`, 'wrong', newAddress())).status).toBe(401);
  });

  it('are forgotten for the account by a success, which an address cannot use to guess on', async () => {
    const name = 'owner';
    const email = `${name}@example.org`;
    await api.register(name);
    const address = newAddress();
    const round = async () => [
      ...(await statuses(2, () => login(email, 'wrong password', address))),
      (await login(email, PASSWORD, address)).status,
    ];
    for (let index = 0; index < 3; index += 1) expect(await round()).toEqual([401, 401, 200]);
    // Six failures stand against the address; the successes gave back only themselves.
    expect(await statuses(3, (index) => login(`other-${index}@example.org`, 'wrong', address))).toEqual([
      401, 401, 429,
    ]);
  });
});
