import type { CanonicalInput } from './canonical-input.js';
import { clustersOf } from './label-clusters.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;
/** Labels are told apart by a hash, so that any number of them takes bounded memory. */
const LABEL_BITS = 14;
const COMMUNITY = 'community';

/** What one label was seen for. */
export interface LabelUse {
  units: number;
  first: number;
  last: number;
}

/** What is counted of one platform: whole numbers, least and greatest ones only, so that the order does not matter. */
export class PlatformEvidence {
  items = 0;
  units = 0;
  socialUnits = 0;
  labelledItems = 0;
  /** With a date and a label. */
  datedLabelledItems = 0;
  /** With a time of the day. */
  timedItems = 0;
  knownItems = 0;
  readonly labels = new Map<number, LabelUse>();
  /** Items by hour of the day, UTC. */
  readonly hours = Array.from({ length: 24 }, () => 0);
  /** Items by week since 1970. */
  readonly weeks = new Map<number, number>();
  /** Of labels that the lexicon knows. */
  readonly clusterUnits = new Map<string, number>();
  readonly clusterItems = new Map<string, number>();

  add({ at, labels, units }: CanonicalInput): void {
    this.items += 1;
    this.units += units;
    if (at !== undefined) this.addTime(at, labels.length > 0);
    const clusters = new Set<string>();
    const share = Math.max(1, Math.round(units / Math.max(1, labels.length)));
    for (const label of labels) {
      this.addLabel(bucketOf(label), share, at);
      const own = clustersOf(label);
      for (const cluster of own) {
        clusters.add(cluster);
        increase(this.clusterUnits, cluster, Math.max(1, Math.round(share / own.length)));
      }
    }
    if (labels.length > 0) this.labelledItems += 1;
    if (clusters.size > 0) this.knownItems += 1;
    for (const cluster of clusters) increase(this.clusterItems, cluster, 1);
    if (clusters.has(COMMUNITY)) this.socialUnits += units;
  }

  private addTime(at: number, labelled: boolean): void {
    increase(this.weeks, Math.floor(at / WEEK_MS), 1);
    if (labelled) this.datedLabelledItems += 1;
    // Midnight to the millisecond is a date without a time.
    if (at % DAY_MS === 0) return;
    this.timedItems += 1;
    this.hours[Math.floor((at % DAY_MS) / HOUR_MS)]! += 1;
  }

  private addLabel(bucket: number, units: number, at: number | undefined): void {
    let use = this.labels.get(bucket);
    if (!use) this.labels.set(bucket, (use = { units: 0, first: Infinity, last: -Infinity }));
    use.units += units;
    if (at === undefined) return;
    use.first = Math.min(use.first, at);
    use.last = Math.max(use.last, at);
  }
}

const increase = <Key>(counts: Map<Key, number>, key: Key, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

/** FNV-1a, folded. */
function bucketOf(label: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < label.length; at++) hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193);
  return ((hash >>> LABEL_BITS) ^ hash) & ((1 << LABEL_BITS) - 1);
}
