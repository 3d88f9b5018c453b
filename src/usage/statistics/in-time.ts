/** What Redis answers, or undefined when it fails or does not answer in time: then the ledger is asked. */
export function inTime<T>(deadlineMs: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), deadlineMs);
    work.then(resolve, () => resolve(undefined)).finally(() => clearTimeout(timer));
  });
}
