import { LatencyHistogram } from './latency-histogram.js';

describe('the latency histogram', () => {
  it('finds quantiles within a factor of two', () => {
    const histogram = new LatencyHistogram();
    for (let at = 0; at < 98; at++) histogram.record(0.5);
    for (const ms of [40, 40]) histogram.record(ms);
    expect(histogram.quantileMs(0.5)).toBe(0.5);
    expect(histogram.quantileMs(0.99)).toBeGreaterThanOrEqual(40);
    expect(histogram.quantileMs(0.99)).toBeLessThanOrEqual(80);
  });

  it('is 0 before anything was recorded', () => {
    expect(new LatencyHistogram().quantileMs(0.99)).toBe(0);
  });
});
