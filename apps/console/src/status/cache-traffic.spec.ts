import type { CacheReport } from '../api/api.types.js';
import { MAX_SAMPLES, NO_TRAFFIC, withReport } from './cache-traffic.js';

const report = (hits: number, misses: number, since = 'noon') =>
  ({
    since,
    caches: [
      { hits, misses },
      { hits: 1, misses: 0 },
    ],
  }) as unknown as CacheReport;

describe('the traffic of the caches', () => {
  it('is what was read between two reports, per second', () => {
    const log = withReport(withReport(NO_TRAFFIC, report(10, 2), 0), report(30, 4), 2_000);
    expect(log.samples).toEqual([{ hitsPerSecond: 10, missesPerSecond: 1 }]);
  });

  it('does not go below zero when the service is started anew', () => {
    const log = withReport(withReport(NO_TRAFFIC, report(10, 2), 0), report(1, 1, 'one'), 2_000);
    expect(log.samples).toEqual([]);
    expect(withReport(log, report(3, 1, 'one'), 4_000).samples).toHaveLength(1);
  });

  it('is kept for the last minutes only', () => {
    let log = NO_TRAFFIC;
    for (let at = 0; at < 100; at++) log = withReport(log, report(at, 0), at * 1_000);
    expect(log.samples).toHaveLength(MAX_SAMPLES);
  });
});
