/** A timer that was started with {@link Clock.after}. */
export interface Timer {
  cancel(): void;
}

/**
 * Where the cache gets its time and its timers from. Everything that waits does so through it, so that tests can run
 * hours in milliseconds and replay a schedule exactly.
 */
export interface Clock {
  /** Milliseconds that never go back; only differences mean something. */
  now(): number;
  /** Milliseconds since 1970, UTC. */
  wall(): number;
  /** Runs `task` once, `ms` from now. It does not keep the process alive. */
  after(ms: number, task: () => void): Timer;
  /** Runs `task` once what has already reached the process was read. */
  afterInput(task: () => void): void;
}

/** The longest time that a Node timer can wait (2^31 - 1 ms, 24.8 days); above it, it would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The clock of the process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, Math.min(ms, LONGEST_TIMER_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  afterInput: (task) => void setImmediate(task),
};
