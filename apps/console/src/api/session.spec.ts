import { ProblemError } from './problem.js';
import { Session } from './session.js';

const tokens = (name: string) => ({
  accessToken: `access ${name}`,
  refreshToken: `refresh ${name}`,
  expiresIn: 900,
});

class MemoryStorage {
  private readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

describe('a session', () => {
  let now: number;
  let renewTokens: jest.Mock;
  let session: Session;

  beforeEach(() => {
    now = 0;
    renewTokens = jest.fn(() => Promise.resolve(tokens('two')));
    session = new Session(new MemoryStorage(), renewTokens, () => now);
    session.start(tokens('one'));
  });

  it('uses its access token as long as that lives', async () => {
    now = 800_000;
    expect(await session.accessToken()).toBe('access one');
    expect(renewTokens).not.toHaveBeenCalled();
  });

  it('renews before the token expires', async () => {
    now = 880_000;
    expect(await session.accessToken()).toBe('access two');
  });

  it('spends each refresh token once, however many ask at the same time', async () => {
    now = 1_000_000;
    const asked = await Promise.all([session.accessToken(), session.renew(), session.accessToken()]);
    expect(asked).toEqual(['access two', 'access two', 'access two']);
    expect(renewTokens.mock.calls).toEqual([['refresh one']]);
    await session.renew();
    expect(renewTokens.mock.lastCall).toEqual(['refresh two']);
  });

  it('ends when its refresh token is refused', async () => {
    const problem = { code: 'unauthenticated', title: '', status: 401, detail: '' };
    renewTokens.mockRejectedValue(new ProblemError(problem));
    await expect(session.renew()).rejects.toThrow(ProblemError);
    expect(session.signedIn).toBe(false);
  });

  it('survives a service that does not answer', async () => {
    renewTokens.mockRejectedValue(new TypeError('fetch failed'));
    await expect(session.renew()).rejects.toThrow('fetch failed');
    expect(session.signedIn).toBe(true);
  });

  it('does not come back when it was ended while its renewal was under way', async () => {
    const renewal = session.renew();
    session.end();
    await expect(renewal).rejects.toThrow(ProblemError);
    expect(session.signedIn).toBe(false);
  });
});
