import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import { Metrics } from './metrics.js';

describe('the metrics', () => {
  let metrics: Metrics;
  beforeEach(() => (metrics = new Metrics()));
  afterEach(() => jest.restoreAllMocks());

  it('read what others count when they are asked for, not before', async () => {
    const read = jest.fn(() => 0);
    metrics.readCounter({ name: 'things_total', help: 'Things.', read });
    expect(read).not.toHaveBeenCalled();
    read.mockReturnValueOnce(2).mockReturnValueOnce(5);
    expect(await metrics.render()).toContain('\nrapport_things_total 2\n');
    expect(await metrics.render()).toContain('\nrapport_things_total 5\n');
  });

  it('forget a label that is gone', async () => {
    let open = [{ labels: { room: 'a' }, value: 1 }];
    metrics.readGauge({ name: 'open', help: 'Open.', labels: ['room'], read: () => open });
    expect(await metrics.render()).toContain('rapport_open{room="a"} 1');
    open = [{ labels: { room: 'b' }, value: 2 }];
    const text = await metrics.render();
    expect(text).toContain('rapport_open{room="b"} 2');
    expect(text).not.toContain('room="a"');
  });

  it('say nothing of a value that is not known', async () => {
    metrics.readGauge({ name: 'lag_seconds', help: 'Lag.', read: () => [] });
    const text = await metrics.render();
    expect(text).toContain('# TYPE rapport_lag_seconds gauge');
    expect(text).not.toMatch(/^rapport_lag_seconds/m);
  });

  it('show durations that others count as a histogram in seconds', async () => {
    const read = () => ({ boundsMs: [1, 50], counts: [3, 2, 1], sumMs: 500 });
    metrics.readDurations({ name: 'wait_seconds', help: 'Waits.', read });
    expect(await metrics.render()).toContain(
      [
        '# TYPE rapport_wait_seconds histogram',
        'rapport_wait_seconds_bucket{le="0.001"} 3',
        'rapport_wait_seconds_bucket{le="0.05"} 5',
        'rapport_wait_seconds_bucket{le="+Inf"} 6',
        'rapport_wait_seconds_sum 0.5',
        'rapport_wait_seconds_count 6',
        '',
      ].join('\n'),
    );
  });

  it('show the others when one cannot be read, and of it what was read last', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const read = jest.fn(() => 3);
    metrics.readCounter({ name: 'broken_total', help: 'Broken.', read });
    metrics.readGauge({ name: 'whole', help: 'Whole.', read: () => 7 });
    await metrics.render();
    read.mockImplementation(() => {
      throw new Error('cannot be read');
    });
    const text = await metrics.render();
    expect(text).toContain('\nrapport_whole 7\n');
    expect(text).toContain('\nrapport_broken_total 3\n');
  });

  it('tell of the process and its event loop', async () => {
    const text = await metrics.render();
    expect(text).toMatch(/^rapport_process_resident_memory_bytes \d/m);
    expect(text).toMatch(/^rapport_nodejs_eventloop_lag_seconds \d/m);
  });

  it('belong to one application each', async () => {
    metrics.counter('mine_total', 'Mine.').inc();
    new Metrics().counter('mine_total', 'Mine.');
    expect(await metrics.render()).toContain('\nrapport_mine_total 1\n');
    expect(await register.metrics()).toBe('\n');
  });
});
