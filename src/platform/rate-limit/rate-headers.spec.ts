import type { FastifyReply } from 'fastify';
import { addRateHeaders, toRateLimits, type PolicyState } from './rate-headers.js';

const burst: PolicyState = { name: 'burst', quota: 60, windowSeconds: 60, remaining: 59, resetsInMs: 1_000 };
const daily: PolicyState = {
  name: 'text-daily',
  quota: 30,
  windowSeconds: 86_400,
  unit: 'messages',
  remaining: 12,
  resetsInMs: 40_209_001,
};

describe('the rate headers of an answer', () => {
  const headers = (...additions: PolicyState[][]): Record<string, unknown> => {
    const found: Record<string, unknown> = {};
    const reply = {
      getHeader: (name: string) => found[name],
      header: (name: string, value: unknown) => (found[name] = value),
    } as unknown as FastifyReply;
    for (const states of additions) addRateHeaders(reply, states);
    return found;
  };

  it('name every policy that counted the request, in the order they did, with waits rounded up', () => {
    const both = {
      'RateLimit-Policy': '"burst";q=60;w=60, "text-daily";q=30;w=86400;qu="messages"',
      RateLimit: '"burst";r=59;t=1, "text-daily";r=12;t=40210',
    };
    expect(headers([burst], [daily])).toEqual(both);
    expect(headers([burst, daily])).toEqual(both);
  });

  it('say the same as an object, for acks', () => {
    expect(toRateLimits([burst, daily])).toEqual([
      { name: 'burst', q: 60, w: 60, r: 59, t: 1 },
      { name: 'text-daily', q: 30, w: 86_400, qu: 'messages', r: 12, t: 40_210 },
    ]);
  });

  it('are absent where nothing is limited', () => {
    expect(headers([], [])).toEqual({});
  });

  it('never tell a client to come back at once', () => {
    expect(headers([{ ...burst, resetsInMs: 0 }])).toMatchObject({ RateLimit: '"burst";r=59;t=1' });
  });
});
