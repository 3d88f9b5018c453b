const LOOK_MS = 5;
const ATTEMPTS = 6;

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

/** How long, at most, no timer ran in this process. */
function watchStalls(): { longestMs: () => number; end: () => void } {
  let [seenAt, longest] = [performance.now(), 0];
  const look = (): void => {
    const now = performance.now();
    [seenAt, longest] = [now, Math.max(longest, now - seenAt - LOOK_MS)];
  };
  const timer = setInterval(look, LOOK_MS);
  const longestMs = (): number => {
    look();
    return longest;
  };
  return { longestMs, end: () => clearInterval(timer) };
}
