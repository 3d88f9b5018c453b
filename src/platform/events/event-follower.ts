import type { EventLogStore, LogEvent, ReplayFrom } from './event-log.js';

/** Without a hint for this long the log is asked again: a hint may be lost, the log is the truth. */
const RECHECK_MS = 2_000;
/** Hints kept while the reader is busy; beyond it they are dropped and read from the log. */
const MAX_HINTS = 1_000;

export type Followed =
  | { kind: 'event'; event: LogEvent }
  | { kind: 'lost'; status: 'gap' | 'reset'; epoch: string }
  /** Nothing new for {@link RECHECK_MS}, in the log either. */
  | { kind: 'idle' };

/**
 * Every event after a point, first the kept ones, then the new ones as they come: without loss, duplicate or reorder.
 * Ends with `lost` when the log no longer holds what comes next, and silently when the signal fires.
 */
export async function* followStream(
  log: Pick<EventLogStore, 'read' | 'listenTo'>,
  stream: string,
  from: Omit<ReplayFrom, 'limit'>,
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  const hints: LogEvent[] = [];
  let wake: () => void = () => undefined;
  const stopListening = log.listenTo(stream, ({ event }) => {
    if (event.seq === null) return;
    if (hints.length < MAX_HINTS) hints.push(event);
    wake();
  });
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);

  let { epoch, after } = from;
  let waited = false;
  try {
    while (!signal.aborted) {
      const replay = await log.read(stream, { epoch, after });
      if (replay.status !== 'ok') {
        yield { kind: 'lost', status: replay.status, epoch: replay.epoch };
        return;
      }
      epoch = replay.epoch;
      for (const event of replay.events) {
        after = event.seq ?? after;
        yield { kind: 'event', event };
      }
      if (replay.hasMore) continue;
      if (waited && replay.events.length === 0) yield { kind: 'idle' };
      waited = false;

      let inStep = true;
      while (inStep && !signal.aborted) {
        const hint = hints.shift();
        if (!hint) {
          await sleepUntilWoken((resume) => (wake = resume));
          inStep = hints.length > 0;
          waited = !inStep;
        } else if (hint.epoch !== epoch || (hint.seq ?? 0) > after + 1) {
          inStep = false;
        } else if (hint.seq === after + 1) {
          after = hint.seq;
          yield { kind: 'event', event: hint };
        }
      }
      // Out of step: whatever is still hinted is in the log, too.
      hints.length = 0;
    }
  } finally {
    stopListening();
    signal.removeEventListener('abort', onAbort);
  }
}

const sleepUntilWoken = (arm: (wake: () => void) => void): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, RECHECK_MS);
    arm(() => {
      clearTimeout(timer);
      resolve();
    });
  });
