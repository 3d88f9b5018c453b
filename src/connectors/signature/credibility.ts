import type { SignatureSource } from './signature.types.js';

/** What one source can convince anybody of, however much it tells. */
const ONE_SOURCE = 0.7;
const STEPS = 1_000;

/** How much each source tells of a reading: things, weeks or whatever else the reading is made of. */
export type EvidenceCounts = ReadonlyMap<string, number>;

/** Three decimals; the same on every machine. */
export const rounded = (value: number): number => Math.round(value * STEPS) / STEPS + 0;

/** From 0 towards 1, half way where there are as many as `half`. */
export const saturating = (count: number, half: number): number => count / (count + half);

/**
 * How much of a reading each source makes up, in proportion to its credibility n / (n + k) (Bühlmann 1967): a source with a
 * hundred times the things of another does not drown it. Their sum is 1; sources without evidence are left out.
 */
export function sourceWeights(evidence: EvidenceCounts, half: number): Map<string, number> {
  const credible = [...evidence]
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([platform, count]): [string, number] => [platform, saturating(count, half)]);
  const sum = credible.reduce((all, [, credibility]) => all + credibility, 0);
  return new Map(credible.map(([platform, credibility]) => [platform, credibility / sum]));
}

/**
 * How far a reading can be believed: 1 - Π (1 - 0.7 n/(n+k)) over its sources, as if each could err by itself. More
 * evidence and further sources never lower it.
 */
export function confidence(evidence: EvidenceCounts, half: number): number {
  const doubts = [...evidence.values()].map((count) => 1 - ONE_SOURCE * saturating(count, half));
  const doubt = doubts.sort((a, b) => a - b).reduce((all, one) => all * one, 1);
  // Never certain, whatever rounding says.
  return Math.min(rounded(1 - doubt), 1 - 1 / STEPS);
}

/** Shares as people are shown them: they add up to exactly 1 (largest remainders), those of next to nothing left out. */
export function toSources(shares: ReadonlyMap<string, number>): SignatureSource[] {
  const sum = sumOf(shares.values());
  const exact = [...shares].map(([platform, share]) => ({ platform, steps: (share / sum) * STEPS }));
  const rounds = exact.map(({ platform, steps }) => ({
    platform,
    whole: Math.floor(steps),
    rest: steps % 1,
  }));
  let left = STEPS - rounds.reduce((all, { whole }) => all + whole, 0);
  rounds.sort((a, b) => b.rest - a.rest || (a.platform < b.platform ? -1 : 1));
  for (const round of rounds) if (left-- > 0) round.whole += 1;
  return rounds
    .filter(({ whole }) => whole > 0)
    .sort((a, b) => b.whole - a.whole || (a.platform < b.platform ? -1 : 1))
    .map(({ platform, whole }) => ({ platform, weight: whole / STEPS }));
}

/** In order of size, so that the last bit does not depend on the order of what is added. */
export const sumOf = (values: Iterable<number>): number =>
  [...values].sort((a, b) => a - b).reduce((all, value) => all + value, 0);
