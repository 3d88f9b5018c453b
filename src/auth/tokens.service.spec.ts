import type { ClosedAccounts } from '../users/closed-accounts.service.js';
import type { UsersService } from '../users/users.service.js';
import { ExternalIssuer } from './external-issuer.js';
import type { IdentitiesService } from './identities.service.js';
import { TokenKeys } from './token-keys.js';
import { TokenSettings } from './tokens.settings.js';
import { TokensService } from './tokens.service.js';

const ADMIN = '018f0000-0000-7000-8000-00000000000a';
const USER = '018f0000-0000-7000-8000-00000000000b';

describe('access tokens', () => {
  let tokens: TokensService;
  const closed = new Set<string>();
  beforeAll(async () => {
    const settings = Object.assign(new TokenSettings(), {
      secret: 'a secret of more than thirty-two characters',
      adminUserIds: [ADMIN],
    });
    const external = new ExternalIssuer(settings, {} as IdentitiesService, {} as UsersService);
    tokens = new TokensService(settings, await TokenKeys.from(settings), external, {
      has: (userId) => closed.has(userId),
    } as ClosedAccounts);
  });
  afterEach(() => void jest.useRealTimers());

  const roleInTokenOf = async (id: string, role: 'user' | 'admin') =>
    (await tokens.verify((await tokens.issue({ id, role })).accessToken)).actor;

  it('make administrators of those whom the configuration or the database names, and of nobody else', async () => {
    expect(await roleInTokenOf(ADMIN, 'user')).toEqual({ id: ADMIN, role: 'admin' });
    expect(await roleInTokenOf(USER, 'admin')).toEqual({ id: USER, role: 'admin' });
    expect(await roleInTokenOf(USER, 'user')).toEqual({ id: USER, role: 'user' });
  });

  it('open nothing once the account is closed, but what is left to its owner', async () => {
    const { accessToken } = await tokens.issue({ id: USER, role: 'user' });
    await tokens.verify(accessToken);
    closed.add(USER);
    await expect(tokens.verify(accessToken)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await tokens.verify(accessToken, true)).actor.id).toBe(USER);
    closed.clear();
  });

  it('say when they end, and have ended then, also when they were accepted before', async () => {
    jest.useFakeTimers({ now: new Date('2026-11-20T12:00:00.000Z') });
    const { accessToken, expiresIn } = await tokens.issue({ id: USER, role: 'user' });
    expect(expiresIn).toBe(900);
    const { expiresAt } = await tokens.verify(accessToken);
    expect(expiresAt).toBe(Date.parse('2026-11-20T12:15:00.000Z'));
    jest.setSystemTime(new Date('2026-11-20T12:15:06.000Z'));
    await expect(tokens.verify(accessToken)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'The access token has expired; refresh it.',
    });
  });

  it('of one user and second differ', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => tokens.issue({ id: USER, role: 'user' })));
    expect(one?.accessToken).not.toBe(other?.accessToken);
  });
});
