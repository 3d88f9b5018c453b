import { Logger } from '@nestjs/common';
import type { RedisConnections } from '@rapport/redis';
import { Metrics } from '../metrics/metrics.js';
import { Degradations } from './degradations.js';

/** Connections that come and go when the test says so. */
class FakeConnections {
  readonly ready = new Set<() => void>();
  readonly lost = new Set<() => void>();
  current = 'ready';

  onReady(listener: () => void): () => void {
    this.ready.add(listener);
    return () => this.ready.delete(listener);
  }

  onLost(listener: () => void): () => void {
    this.lost.add(listener);
    return () => this.lost.delete(listener);
  }

  status(): string {
    return this.current;
  }
}

describe('the degraded features', () => {
  let connections: FakeConnections;
  let metrics: Metrics;
  let degradations: Degradations;
  let lines: string[];
  const broken = new Set<string>();

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    const note = (line: unknown): void => void lines.push(String(line));
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(note);
    jest.spyOn(Logger.prototype, 'log').mockImplementation(note);
    broken.clear();
    connections = new FakeConnections();
    metrics = new Metrics();
    degradations = new Degradations(connections as unknown as RedisConnections, metrics);
    for (const name of ['events', 'cache']) degradations.watch(name, () => broken.has(name));
    degradations.onApplicationBootstrap();
  });

  afterEach(() => {
    degradations.onApplicationShutdown();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('are none, and nothing is said, while all is well', () => {
    jest.advanceTimersByTime(10_000);
    expect(degradations.active()).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('are named in alphabetical order within half a second of their change, each once in the log', () => {
    broken.add('events').add('cache');
    jest.advanceTimersByTime(500);
    expect(degradations.active()).toEqual(['cache', 'events']);
    jest.advanceTimersByTime(12_000);
    broken.delete('events');
    jest.advanceTimersByTime(500);
    expect(degradations.active()).toEqual(['cache']);
    expect(lines).toEqual([
      'events is degraded: Redis is connected, but not usable.',
      'cache is degraded: Redis is connected, but not usable.',
      'events is back after 12.5 s.',
    ]);
  });

  it('are noticed at once when Redis goes or comes', () => {
    broken.add('cache');
    connections.current = 'lost';
    connections.lost.forEach((listener) => listener());
    expect(degradations.active()).toEqual(['cache']);
    broken.delete('cache');
    connections.ready.forEach((listener) => listener());
    expect(degradations.active()).toEqual([]);
    expect(lines[0]).toBe('cache is degraded: Redis is away.');
  });

  it('are a metric, with a count of the changes', async () => {
    broken.add('cache');
    jest.advanceTimersByTime(500);
    broken.delete('cache');
    jest.advanceTimersByTime(500);
    broken.add('events');
    jest.advanceTimersByTime(500);
    const text = await metrics.render();
    expect(text).toContain('rapport_degraded{feature="events"} 1');
    expect(text).toContain('rapport_degraded{feature="cache"} 0');
    expect(text).toContain('rapport_degraded_changes_total{feature="cache",to="degraded"} 1');
    expect(text).toContain('rapport_degraded_changes_total{feature="cache",to="ok"} 1');
  });

  it('count one that cannot tell as degraded, and go on asking the others', () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    degradations.watch('limits', () => {
      throw new Error('asked too early');
    });
    broken.add('cache');
    jest.advanceTimersByTime(500);
    expect(degradations.active()).toEqual(['cache', 'limits']);
  });

  it('refuse a name that is taken or that a header could not show', () => {
    expect(() => degradations.watch('cache', () => false)).toThrow('watched already');
    expect(() => degradations.watch('two words', () => false)).toThrow('not a word');
  });

  it('are not asked any more after the shutdown', () => {
    degradations.onApplicationShutdown();
    broken.add('cache');
    jest.advanceTimersByTime(5_000);
    connections.lost.forEach((listener) => listener());
    expect(degradations.active()).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
