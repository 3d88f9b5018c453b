import type { EvictRecord, History, LoadRecord, ReadRecord, StallRecord } from './children/history.js';

/** What a cache promises, in numbers. */
export interface Promises {
  /** Most that a call may take beyond its loader, in ms. */
  readonly deadlineMs: number;
  /** How long a call may wait besides for a load of another process that turns out to be lost, in ms. */
  readonly patienceMs: number;
  /** Most that an own copy may be behind an evict by another process, in ms. */
  readonly trustMs: number;
  /** What the timers of a process may be off, in ms. */
  readonly slackMs: number;
}

/** A read, and what it should have been. */
export interface Breach {
  readonly read: ReadRecord;
  /** The version that it had to show at least, and when that was promised. */
  readonly expected?: { readonly version: number; readonly at: number };
  /** How long it took beyond loaders and stalls, in ms. */
  readonly tookMs?: number;
}

export interface Findings {
  /** Reads that began after an evict was applied, and show what was before. */
  readonly stale: readonly Breach[];
  /** The same from an own copy, longer after it than such a copy may be trusted. */
  readonly staleCopies: readonly Breach[];
  /** Reads that began after an evict of the same process, whatever became of it, and show what was before. */
  readonly staleAfterOwn: readonly Breach[];
  /** Calls that failed, and values that are none. */
  readonly faulty: readonly Breach[];
  /** Calls that took longer than they may. */
  readonly late: readonly Breach[];
  /** Calls beyond the deadline, but no longer than a load that was lost is waited for: allowed, counted. */
  readonly patient: readonly Breach[];
  /** Stale reads of a process that knew it was cut off: allowed, counted. */
  readonly staleCutOff: readonly Breach[];
  /** How far an own copy was behind an evict by another process at most, in ms. */
  readonly copyBehindMs: number;
}

/** Judges every read by all that was promised before it. */
export function check(history: History, promises: Promises): Findings {
  const applied = new Floors(history.evicts.filter(({ outcome }) => outcome === 'applied'));
  const own = new Floors(history.evicts, true);
  const busy = new BusyTimes(history.loads, history.stalls);
  const stale: Breach[] = [];
  const staleCopies: Breach[] = [];
  const staleAfterOwn: Breach[] = [];
  const staleCutOff: Breach[] = [];
  const faulty: Breach[] = [];
  const late: Breach[] = [];
  const patient: Breach[] = [];
  let copyBehindMs = 0;
  for (const read of history.reads) {
    const tookMs = busy.remainder(read, promises.deadlineMs);
    const beyondMs = tookMs - promises.deadlineMs - promises.slackMs;
    if (beyondMs > 0) (beyondMs > promises.patienceMs ? late : patient).push({ read, tookMs });
    if (read.fault !== undefined || read.version === undefined) {
      faulty.push({ read });
      continue;
    }
    const afterOwn = own.missed(read, read.start);
    if (afterOwn) staleAfterOwn.push({ read, expected: afterOwn });
    const after = applied.missed(read, read.start);
    if (!after) continue;
    if (read.own) {
      copyBehindMs = Math.max(copyBehindMs, read.start - after.at);
      const tooOld = applied.missed(read, read.start - promises.trustMs - promises.slackMs);
      if (tooOld) staleCopies.push({ read, expected: tooOld });
    } else (read.cutOff ? staleCutOff : stale).push({ read, expected: after });
  }
  return { stale, staleCopies, staleAfterOwn, faulty, late, patient, staleCutOff, copyBehindMs };
}

/** For each entry: which version every read has to show, from which moment on. */
class Floors {
  private readonly steps = new Map<string, { at: number; version: number }[]>();

  constructor(
    evicts: readonly EvictRecord[],
    private readonly perProcess = false,
  ) {
    for (const evict of evicts.toSorted((one, other) => one.at - other.at)) {
      const name = this.nameOf(evict);
      const steps = this.steps.get(name) ?? [];
      this.steps.set(name, steps);
      if (evict.version > (steps.at(-1)?.version ?? -1)) steps.push({ at: evict.at, version: evict.version });
    }
  }

  /** The first promise made by `at` that the read does not keep. */
  missed(read: ReadRecord, at: number): { version: number; at: number } | undefined {
    const steps = this.steps.get(this.nameOf(read)) ?? [];
    const first = lowerBound(steps, (step) => step.version > read.version!);
    const step = steps[first];
    return step && step.at <= at ? step : undefined;
  }

  private nameOf({ process, cache, key }: { process: number; cache: string; key: string }): string {
    return this.perProcess ? `${process} ${cache} ${key}` : `${cache} ${key}`;
  }
}

type Span = readonly [start: number, end: number];

/** When a read has to wait for others than the cache: while its entry is being loaded, or its process is stalled. */
class BusyTimes {
  private readonly byEntry = new Map<string, Span[]>();
  private readonly byProcess = new Map<number, Span[]>();
  private readonly longestMs: number;

  constructor(loads: readonly LoadRecord[], stalls: readonly StallRecord[]) {
    for (const { cache, key, start, end } of loads) push(this.byEntry, `${cache} ${key}`, [start, end]);
    for (const { process, start, end } of stalls) push(this.byProcess, process, [start, end]);
    const all = [...this.byEntry.values(), ...this.byProcess.values()];
    for (const spans of all) spans.sort(([one], [other]) => one - other);
    this.longestMs = all.flat().reduce((longest, [start, end]) => Math.max(longest, end - start), 0);
  }

  /** What is left of a read's time without those, in ms; not looked into where the whole is no more than `enough`. */
  remainder(read: ReadRecord, enough: number): number {
    const { start, end } = read;
    if (end - start <= enough) return end - start;
    const spans = [
      ...this.within(this.byEntry.get(`${read.cache} ${read.key}`) ?? [], start, end),
      ...this.within(this.byProcess.get(read.process) ?? [], start, end),
    ].sort(([one], [other]) => one - other);
    let left = end - start;
    let until = start;
    for (const [from, to] of spans) {
      left -= Math.max(0, Math.min(to, end) - Math.max(from, until));
      until = Math.max(until, Math.min(to, end));
    }
    return left;
  }

  private within(spans: readonly Span[], start: number, end: number): Span[] {
    const found: Span[] = [];
    const first = lowerBound(spans, ([from]) => from >= start - this.longestMs);
    for (let at = first; at < spans.length && spans[at]![0] < end; at++) {
      if (spans[at]![1] > start) found.push(spans[at]!);
    }
    return found;
  }
}

function push<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}

/** Index of the first item for which `holds`, which then holds for all that follow. */
function lowerBound<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
