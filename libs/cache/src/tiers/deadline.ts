import type { Clock } from '../clock.js';

/** A command took longer than it may. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** The promise's answer, or {@link DeadlineExceeded} after `ms`. A late answer is dropped, a late error as well. */
export function withDeadline<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // Timers run before sockets are read: after a pause of the event loop the answer may be there, unread. One more
    // turn reads it, so that a busy process does not take itself for a hung server.
    const timer = clock.after(ms, () =>
      clock.afterInput(() => reject(new DeadlineExceeded(`no answer within ${ms} ms`))),
    );
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
