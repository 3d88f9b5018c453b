/** A shorter list in place of another, if what was wrong is still wrong with it. */
export type Attempt<T> = (candidate: readonly T[]) => Promise<boolean>;

/** Leaves out ever smaller pieces of a list while `attempt` accepts it (delta debugging). */
export async function leaveOut<T>(list: readonly T[], attempt: Attempt<T>): Promise<readonly T[]> {
  let best = list;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.length - size; from >= 0; from -= size) {
      const candidate = [...best.slice(0, from), ...best.slice(from + size)];
      if (candidate.length < best.length && (await attempt(candidate))) best = candidate;
    }
  }
  return best;
}

/** Replaces numbers by 0, or by lower ones, while `attempt` accepts it. */
export async function lower(list: readonly number[], attempt: Attempt<number>): Promise<readonly number[]> {
  let best = list;
  for (let at = 0; at < best.length; at++) {
    for (let value = 0; value < best[at]!; value++) {
      const candidate = best.with(at, value);
      if (await attempt(candidate)) best = candidate;
    }
  }
  return best;
}
