import {
  confidence,
  rounded,
  saturating,
  sourceWeights,
  toSources,
  type EvidenceCounts,
} from './credibility.js';
import { concentration, entropy, mixture, resultantLength } from './distributions.js';
import { WEEK_MS, type PlatformEvidence } from './evidence.js';
import { CLUSTERS } from './label-clusters.js';
import type { SignatureReading } from './signature.types.js';

export type Evidence = ReadonlyMap<string, PlatformEvidence>;

/** Labels among which even attention is all the curiosity that is told apart. */
const CURIOUS_LABELS = 128;
/** Labels that make half of the breadth there can be. */
const HALF_BREADTH = 100;
const YEAR_WEEKS = 52;
/** A rhythm of weeks, and what is new, need a past of so long. */
const LEAST_WEEKS = 4;
const RECENT_WEEKS = 13;

interface Trait {
  readonly name: string;
  /** So much evidence is believed half. */
  readonly half: number;
  /** What one platform knows of it; 0 where it cannot say. */
  readonly evidence: (of: PlatformEvidence) => number;
  readonly score: (of: Evidence, weights: ReadonlyMap<string, number>) => number;
}

const labelled = (of: PlatformEvidence): number => of.labelledItems;

/** What each of them says, by its weight. */
const mean = (
  of: Evidence,
  weights: ReadonlyMap<string, number>,
  says: (one: PlatformEvidence) => number,
): number => [...weights].reduce((sum, [platform, weight]) => sum + weight * says(of.get(platform)!), 0);

const labelUnits = function* ({ labels }: PlatformEvidence): Generator<[number, number]> {
  for (const [label, { units }] of labels) yield [label, units];
};

/** The formulas are explained in docs/soul-signature.md; a change of one is another version of the algorithm. */
const TRAITS: readonly Trait[] = [
  {
    name: 'curiosity',
    half: 50,
    evidence: labelled,
    score: (of, weights) =>
      Math.min(
        1,
        entropy(mixture(weights, (platform) => labelUnits(of.get(platform)!))) / Math.log(CURIOUS_LABELS),
      ),
  },
  {
    name: 'breadth',
    half: 50,
    evidence: labelled,
    score: (of) =>
      saturating(new Set([...of.values()].flatMap(({ labels }) => [...labels.keys()])).size, HALF_BREADTH),
  },
  {
    name: 'focus',
    half: 50,
    evidence: ({ knownItems }) => knownItems,
    score: (of, weights) => {
      const least = 1 / CLUSTERS.length;
      return (
        (concentration(mixture(weights, (platform) => of.get(platform)!.clusterUnits)) - least) / (1 - least)
      );
    },
  },
  {
    name: 'sociability',
    half: 50,
    evidence: ({ items }) => items,
    score: (of, weights) => mean(of, weights, ({ socialUnits, units }) => socialUnits / units),
  },
  {
    name: 'rhythm',
    half: 100,
    evidence: ({ timedItems }) => timedItems,
    score: (of, weights) =>
      resultantLength(mixture(weights, (platform) => of.get(platform)!.hours.entries())),
  },
  {
    name: 'consistency',
    half: 8,
    evidence: (of) => (lastYear(of).span >= LEAST_WEEKS ? lastYear(of).weeks.size : 0),
    score: (of, weights) =>
      mean(of, weights, (one) => {
        const { weeks, span } = lastYear(one);
        const all = [...weeks.values()].reduce((sum, count) => sum + count, 0);
        return entropy(new Map([...weeks].map(([week, count]) => [week, count / all]))) / Math.log(span);
      }),
  },
  {
    name: 'novelty',
    half: 50,
    evidence: (of) => (recent(of) ? of.datedLabelledItems : 0),
    score: (of, weights) =>
      mean(of, weights, (one) => {
        const { used, isNew } = recent(one)!;
        return isNew / used;
      }),
  },
];

/** Things by week, of the year up to the last of them, and how many weeks that covers. */
function lastYear({ weeks }: PlatformEvidence): { weeks: Map<number, number>; span: number } {
  const last = greatest(weeks.keys());
  const kept = new Map([...weeks].filter(([week]) => week > last - YEAR_WEEKS));
  return { weeks: kept, span: kept.size === 0 ? 0 : last - least(kept.keys()) + 1 };
}

/** Labels that were used lately, and those of them that were not used before; undefined without a past. */
function recent({ labels }: PlatformEvidence): { used: number; isNew: number } | undefined {
  const dated = [...labels.values()].filter(({ first }) => first !== Infinity);
  const from = least(dated.map(({ first }) => first));
  const to = greatest(dated.map(({ last }) => last));
  if (dated.length === 0 || to - from < LEAST_WEEKS * WEEK_MS) return undefined;
  const since = to - Math.min(RECENT_WEEKS * WEEK_MS, (to - from) / 2);
  const used = dated.filter(({ last }) => last >= since);
  return { used: used.length, isNew: used.filter(({ first }) => first >= since).length };
}

const least = (values: Iterable<number>): number => {
  let found = Infinity;
  for (const value of values) found = Math.min(found, value);
  return found;
};
const greatest = (values: Iterable<number>): number => -least([...values].map((value) => -value));

const countsOf = (of: Evidence, count: (one: PlatformEvidence) => number): EvidenceCounts =>
  new Map(
    [...of].map(([platform, one]): [string, number] => [platform, count(one)]).filter(([, n]) => n > 0),
  );

/** Of what there is evidence for. */
export const traitsOf = (of: Evidence): SignatureReading[] =>
  TRAITS.flatMap(({ name, half, evidence, score }) => {
    const counts = countsOf(of, evidence);
    if (counts.size === 0) return [];
    const weights = sourceWeights(counts, half);
    return {
      name,
      score: rounded(Math.min(1, Math.max(0, score(of, weights)))),
      confidence: confidence(counts, half),
      sources: toSources(weights),
    };
  });

const CLUSTER_HALF = 20;

/** Of the attention that the lexicon knows, the share of each cluster; the greatest first. */
export function clustersIn(of: Evidence): SignatureReading[] {
  const weights = sourceWeights(
    countsOf(of, ({ knownItems }) => knownItems),
    CLUSTER_HALF,
  );
  const shares = mixture(weights, (platform) => of.get(platform)!.clusterUnits);
  return [...shares]
    .map(([name, score]) => ({
      name,
      score: rounded(score),
      confidence: confidence(
        countsOf(of, ({ clusterItems }) => clusterItems.get(name) ?? 0),
        CLUSTER_HALF,
      ),
      sources: toSources(
        new Map(
          [...weights].flatMap(([platform, weight]) => partOf(of.get(platform)!, name, platform, weight)),
        ),
      ),
    }))
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
}

function partOf(
  { clusterUnits }: PlatformEvidence,
  cluster: string,
  platform: string,
  weight: number,
): [string, number][] {
  const units = clusterUnits.get(cluster) ?? 0;
  const all = [...clusterUnits.values()].reduce((sum, one) => sum + one, 0);
  return units === 0 ? [] : [[platform, (weight * units) / all]];
}
