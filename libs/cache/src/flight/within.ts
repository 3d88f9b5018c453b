import type { Clock } from '../clock.js';

/** The promise's value, or undefined when it takes longer than `ms`; `Infinity` for no limit. */
export function within<T extends object>(
  promise: Promise<T>,
  ms: number,
  clock: Clock,
): Promise<T | undefined> {
  if (ms === Infinity) return promise;
  return new Promise<T | undefined>((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: Error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
