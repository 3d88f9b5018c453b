import { Logger } from '@nestjs/common';
import { Availability } from './availability.js';
import { faultOf, type RedisFault } from './redis-fault.js';

const fault = (message: string): RedisFault => faultOf(new Error(message)) as RedisFault;
const WRONG_PASSWORD = fault('WRONGPASS invalid username-password pair');
const REFUSED = fault('connect ECONNREFUSED 127.0.0.1:6379');
const OOM = fault("OOM command not allowed when used memory > 'maxmemory'.");
const CLUSTER_DOWN = fault('CLUSTERDOWN The cluster is down');

describe('whether Redis can be used', () => {
  let availability: Availability;
  let lines: string[];

  beforeEach(() => {
    lines = [];
    for (const level of ['log', 'warn', 'error'] as const) {
      const note = (...[line]: unknown[]): void => void lines.push(String(line));
      jest.spyOn(Logger.prototype, level).mockImplementation(note);
    }
    availability = new Availability('redis:6379/0');
  });
  afterEach(() => jest.restoreAllMocks());

  it('is off for good without an address, with nothing to say', () => {
    const off = new Availability(undefined);
    off.setLinked(false);
    expect([off.status, off.fault, lines]).toEqual(['off', undefined, []]);
  });

  it('tells a reason that waiting does not end even in the middle of an outage, and each reason once', () => {
    availability.setLinked(true);
    availability.setLinked(false);
    for (let attempt = 0; attempt < 3; attempt++) availability.explain(REFUSED);
    for (let attempt = 0; attempt < 3; attempt++) availability.explain(WRONG_PASSWORD);
    expect(availability.fault?.code).toBe('wrong-password');
    availability.setLinked(true);
    expect(lines).toEqual([
      'Redis at redis:6379/0 is ready.',
      expect.stringContaining('unavailable (the connection was closed)'),
      expect.stringContaining('check the user and the password'),
      expect.stringMatching(/is back after \d+\.\d s\.$/),
    ]);
  });

  it('is lost while Redis answers and refuses all, though the connections are up', () => {
    const [ready, lost] = [jest.fn(), jest.fn()];
    availability.onReady(ready);
    availability.onLost(lost);
    availability.setLinked(true);
    availability.refuse(CLUSTER_DOWN);
    availability.refuse(CLUSTER_DOWN);
    expect([availability.status, availability.fault]).toEqual(['lost', CLUSTER_DOWN]);
    availability.setLinked(true);
    expect(availability.status).toBe('lost');
    availability.accept(performance.now());
    expect([availability.status, availability.fault]).toEqual(['ready', undefined]);
    expect([ready.mock.calls.length, lost.mock.calls.length]).toEqual([2, 1]);
  });

  it('stays ready while only writes are refused', () => {
    availability.setLinked(true);
    availability.refuse(OOM);
    expect([availability.status, availability.fault?.code]).toEqual(['ready', 'out-of-memory']);
    availability.accept(performance.now());
    expect(availability.fault).toBeUndefined();
  });

  it('does not take an answer to an earlier question for the end of a refusal', () => {
    availability.setLinked(true);
    const askedAt = performance.now() - 1;
    availability.refuse(OOM);
    availability.accept(askedAt);
    expect(availability.fault?.code).toBe('out-of-memory');
  });

  it('goes on when a listener throws', () => {
    const second = jest.fn();
    availability.onReady(() => {
      throw new Error('of the listener');
    });
    availability.onReady(second);
    availability.setLinked(true);
    expect(second).toHaveBeenCalledTimes(1);
  });

  it('keeps a reason seen just before the loss', () => {
    availability.setLinked(true);
    availability.explain(fault('no answer within 1000 ms'));
    availability.setLinked(false);
    expect(availability.fault?.code).toBe('no-answer');
  });
});
