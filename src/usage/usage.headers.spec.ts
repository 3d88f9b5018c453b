import { platformErrors } from '../platform/errors/platform.errors.js';
import { usageErrors } from './usage.errors.js';
import { quotaExceededHeaders, usageHeaders } from './usage.headers.js';
import { talliesOf, withLimits } from './usage.rules.js';

const NOON = new Date('2026-11-20T12:00:00.000Z');
const resetsAt = '2026-11-21T00:00:00.000Z';
const tallies = talliesOf([{ kind: 'text', used: 17, reserved: 1 }]);

describe('usage headers', () => {
  it('name a policy and a rest for every limited kind', () => {
    const counters = withLimits(tallies, { text: 30, audio: 5, media: 5 });
    expect(usageHeaders({ resetsAt, counters }, NOON)).toEqual({
      'RateLimit-Policy':
        '"text-daily";q=30;w=86400;qu="messages", "audio-daily";q=5;w=86400;qu="messages", ' +
        '"media-daily";q=5;w=86400;qu="messages"',
      RateLimit: '"text-daily";r=12;t=43200, "audio-daily";r=5;t=43200, "media-daily";r=5;t=43200',
    });
  });

  it('are absent where nothing is limited', () => {
    const counters = withLimits(tallies, { text: null, audio: null, media: null });
    expect(usageHeaders({ resetsAt, counters }, NOON)).toEqual({});
  });

  it('never tell a client to come back at once in the last moment of a day', () => {
    const counters = withLimits(tallies, { text: 30, audio: null, media: null });
    expect(usageHeaders({ resetsAt, counters }, new Date('2026-11-20T23:59:59.999Z')).RateLimit).toBe(
      '"text-daily";r=12;t=1',
    );
  });

  it('of a refusal name the policy that was hit, and the wait rounded up', () => {
    const error = usageErrors['quota-exceeded']('spent', {
      retryAfterMs: 40_209_001,
      members: { kind: 'audio', limit: 5, used: 4, reserved: 1, resetsAt },
    });
    expect(quotaExceededHeaders(error)).toEqual({
      'RateLimit-Policy': '"audio-daily";q=5;w=86400;qu="messages"',
      RateLimit: '"audio-daily";r=0;t=40210',
    });
  });

  it('say nothing about other errors', () => {
    expect(quotaExceededHeaders(platformErrors['rate-limited']('slow down'))).toEqual({});
    expect(quotaExceededHeaders(new Error('boom'))).toEqual({});
  });
});
