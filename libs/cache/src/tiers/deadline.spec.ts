import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { systemClock } from '../clock.js';
import { DeadlineExceeded, Deadlines } from './deadline.js';

const deadlines = new Deadlines(systemClock);
const inThePool = promisify(pbkdf2);
const block = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('a deadline', () => {
  it('ends the wait for what does not answer', async () => {
    await expect(deadlines.within(new Promise(() => undefined), 5)).rejects.toThrow(DeadlineExceeded);
  });

  it('passes on answers and errors that are in time', async () => {
    expect(await deadlines.within(Promise.resolve('answer'), 1_000)).toBe('answer');
    await expect(deadlines.within(Promise.reject(new Error('refused')), 1_000)).rejects.toThrow('refused');
  });

  it('takes an answer that came while the event loop was busy', async () => {
    // From here the loop looks at its timers before it looks at what has arrived.
    await new Promise((resolve) => setImmediate(resolve));
    const answer = deadlines.within(inThePool('text', 'salt', 1, 8, 'sha1'), 10);
    block(80);
    expect(await answer).toHaveLength(8);
  });
});
