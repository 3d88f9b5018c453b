import { CLUSTER_WORDS } from './clusters.data.js';

const MAX_WORDS = 3;
/** `r` and `go` are languages by themselves, and anything within a longer label. */
const LEAST_LETTERS = 3;

const clusterOf = new Map(
  Object.entries(CLUSTER_WORDS).flatMap(([cluster, words]) =>
    words.split(/\s*,\s*/).map((word): [string, string] => [word, cluster]),
  ),
);

/** All of them, in the order of their names. */
export const CLUSTERS: readonly string[] = Object.keys(CLUSTER_WORDS).sort();

/**
 * The clusters of a life that a canonical label belongs to; none for one that the lexicon does not know. The most words
 * that are known in a row decide: `rock climbing gym` is of the outdoors, though `rock` alone is music.
 */
export function clustersOf(label: string): readonly string[] {
  const whole = clusterOf.get(label);
  if (whole) return [whole];
  const words = label.split(' ').filter((word) => word !== '');
  for (let length = Math.min(MAX_WORDS, words.length); length > 0; length--) {
    const found = new Set<string>();
    for (let from = 0; from + length <= words.length; from++) {
      const phrase = words.slice(from, from + length).join(' ');
      const cluster = phrase.length < LEAST_LETTERS ? undefined : clusterOf.get(phrase);
      if (cluster) found.add(cluster);
    }
    if (found.size > 0) return [...found].sort();
  }
  return [];
}
