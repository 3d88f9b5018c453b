const LOOK_MS = 5;
const ATTEMPTS = 6;
/** A timer is never quite in time. */
const STALL_MS = 50;

/**
 * For promises about short times: does it again when it failed and this process stood still meanwhile for longer than
 * `atMostMs`, since then the time was spent elsewhere. Every attempt begins anew.
 *
 * @throws what the first undisturbed attempt throws, or the sixth
 */
export async function undisturbed<T>(atMostMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS - 1; ; left--) {
    const stall = watchStalls();
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || stall.longestMs() <= atMostMs) throw error;
    } finally {
      stall.end();
    }
  }
}

/** How long this process stands still: at a time, at most, and all in all. */
export interface Stalls {
  longestMs(): number;
  totalMs(): number;
  end(): void;
}

/** From now on; a time for which something else is to last can be told from what the machine added to it. */
export function watchStalls(): Stalls {
  let [seenAt, longest, total] = [performance.now(), 0, 0];
  const look = (): void => {
    const now = performance.now();
    const stall = now - seenAt - LOOK_MS;
    seenAt = now;
    longest = Math.max(longest, stall);
    if (stall > STALL_MS) total += stall;
  };
  const timer = setInterval(look, LOOK_MS);
  const after = (read: () => number) => (): number => {
    look();
    return read();
  };
  return { longestMs: after(() => longest), totalMs: after(() => total), end: () => clearInterval(timer) };
}
