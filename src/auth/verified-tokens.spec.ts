import { VerifiedTokens } from './verified-tokens.js';

const token = (id: string, livesMs: number) => ({
  actor: { id, role: 'user' as const },
  expiresAt: Date.now() + livesMs,
});

describe('verified tokens', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('are known until they expire, tolerance included, and not a moment longer', () => {
    const tokens = new VerifiedTokens(10, 5_000);
    const verified = token('ann', 60_000);
    tokens.add('a', verified);
    expect(tokens.get('a')).toBe(verified);
    jest.advanceTimersByTime(64_999);
    expect(tokens.get('a')).toBe(verified);
    jest.advanceTimersByTime(1);
    expect(tokens.get('a')).toBeUndefined();
    expect(tokens.get('b')).toBeUndefined();
  });

  it('are a bounded number, the ones seen last', () => {
    const tokens = new VerifiedTokens(2, 0);
    tokens.add('a', token('ann', 1_000));
    tokens.add('b', token('bob', 1_000));
    tokens.get('a');
    tokens.add('c', token('carol', 1_000));
    expect(tokens.get('a')).toBeDefined();
    expect(tokens.get('b')).toBeUndefined();
    expect(tokens.get('c')).toBeDefined();
  });
});
