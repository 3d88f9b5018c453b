import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { systemClock } from '../clock.js';
import { DeadlineExceeded, withDeadline } from './deadline.js';

const inThePool = promisify(pbkdf2);
const block = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('a deadline', () => {
  it('ends the wait for what does not answer', async () => {
    await expect(withDeadline(new Promise(() => undefined), 5, systemClock)).rejects.toThrow(
      DeadlineExceeded,
    );
  });

  it('passes on answers and errors that are in time', async () => {
    expect(await withDeadline(Promise.resolve('answer'), 1_000, systemClock)).toBe('answer');
    await expect(withDeadline(Promise.reject(new Error('refused')), 1_000, systemClock)).rejects.toThrow(
      'refused',
    );
  });

  it('takes an answer that came while the event loop was busy', async () => {
    // From here the loop looks at its timers before it looks at what has arrived.
    await new Promise((resolve) => setImmediate(resolve));
    const answer = withDeadline(inThePool('text', 'salt', 1, 8, 'sha1'), 10, systemClock);
    block(80);
    expect(await answer).toHaveLength(8);
  });
});
