import { HashingQueue } from './hashing-queue.js';

function gate() {
  let open!: () => void;
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

describe('the hashing queue', () => {
  it('runs so many at a time, in order, and refuses what it has no place for', async () => {
    const queue = new HashingQueue(2, 1);
    const gates = [gate(), gate(), gate()];
    const started: number[] = [];
    const task = (index: number) => () => {
      started.push(index);
      return gates[index]?.closed ?? Promise.resolve();
    };
    const running = [queue.run(task(0)), queue.run(task(1)), queue.run(task(2))];
    await expect(queue.run(task(3))).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1000 });
    expect(started).toEqual([0, 1]);

    gates[1]?.open();
    await running[1];
    expect(started).toEqual([0, 1, 2]);
    for (const { open } of gates) open();
    await Promise.all(running);
  });

  it('gives the place of a failed task to the next', async () => {
    const queue = new HashingQueue(1, 1);
    const failing = queue.run(() => Promise.reject(new Error('out of memory')));
    const next = queue.run(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('out of memory');
    await expect(next).resolves.toBe('done');
    await expect(queue.run(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});
