/**
 * The promise's answer, or a rejection after `ms`; a late answer, or error, is dropped.
 *
 * Timers run before sockets are read: after a pause of this process the answer may be there, unread. One more turn
 * reads it, so that a busy process does not take itself for a hung server.
 */
export function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = (): void => reject(new Error(`no answer within ${ms} ms`));
    const timer = setTimeout(() => setImmediate(late), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
