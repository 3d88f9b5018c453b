import { platformErrors } from '../platform/errors/platform.errors.js';
import { usageErrors } from './usage.errors.js';
import { dailyPolicies, exceededPolicies } from './usage.headers.js';
import { talliesOf, withLimits } from './usage.rules.js';

const NOON = new Date('2026-11-20T12:00:00.000Z');
const resetsAt = '2026-11-21T00:00:00.000Z';
const tallies = talliesOf([{ kind: 'text', used: 17, reserved: 1 }]);
const A_DAY = { windowSeconds: 86_400, unit: 'messages' };

describe('the daily policies', () => {
  it('have a rest for every limited kind, until midnight', () => {
    const counters = withLimits(tallies, { text: 30, audio: 5, media: null });
    expect(dailyPolicies({ resetsAt, counters }, NOON)).toEqual([
      { name: 'text-daily', quota: 30, remaining: 12, resetsInMs: 43_200_000, ...A_DAY },
      { name: 'audio-daily', quota: 5, remaining: 5, resetsInMs: 43_200_000, ...A_DAY },
    ]);
  });

  it('are none where nothing is limited', () => {
    const counters = withLimits(tallies, { text: null, audio: null, media: null });
    expect(dailyPolicies({ resetsAt, counters }, NOON)).toEqual([]);
  });

  it('of a refusal are the one that was hit, until it may be tried again', () => {
    const error = usageErrors['quota-exceeded']('spent', {
      retryAfterMs: 40_209_001,
      members: { kind: 'audio', limit: 5, used: 4, reserved: 1, resetsAt },
    });
    expect(exceededPolicies(error)).toEqual([
      { name: 'audio-daily', quota: 5, remaining: 0, resetsInMs: 40_209_001, ...A_DAY },
    ]);
  });

  it('say nothing about other errors', () => {
    expect(exceededPolicies(platformErrors['rate-limited']('slow down'))).toEqual([]);
    expect(exceededPolicies(new Error('boom'))).toEqual([]);
  });
});
