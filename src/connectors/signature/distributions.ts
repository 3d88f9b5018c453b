import { sumOf } from './credibility.js';

export type Distribution<Key> = ReadonlyMap<Key, number>;

/** What the sources tell together: each one's shares, by the source's weight. */
export function mixture<Key>(
  weights: ReadonlyMap<string, number>,
  countsOf: (platform: string) => Iterable<readonly [Key, number]>,
): Map<Key, number> {
  const mixed = new Map<Key, number>();
  // By platform in one order, so that the sums are the same in any order of the inputs.
  for (const [platform, weight] of weights) {
    const counts = [...countsOf(platform)].filter(([, count]) => count > 0);
    const all = sumOf(counts.map(([, count]) => count));
    for (const [key, count] of counts) mixed.set(key, (mixed.get(key) ?? 0) + (weight * count) / all);
  }
  return mixed;
}

/** In nats (Shannon 1948). */
export const entropy = (shares: Distribution<unknown>): number =>
  sumOf([...shares.values()].map((share) => (share > 0 ? -share * Math.log(share) : 0)));

/** The probability that two taken at random are alike (Simpson 1949). */
export const concentration = (shares: Distribution<unknown>): number =>
  sumOf([...shares.values()].map((share) => share * share));

/** How closely hours of the day lie together: the mean resultant length of a circle (Mardia and Jupp 2000). */
export function resultantLength(shares: Distribution<number>): number {
  const along = (of: (angle: number) => number): number =>
    sumOf([...shares].map(([hour, share]) => share * of((2 * Math.PI * hour) / 24)));
  return Math.hypot(along(Math.cos), along(Math.sin));
}
