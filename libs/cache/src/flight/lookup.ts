import type { Bus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import { parseEntry } from '../codec/entry-text.js';
import type { Region } from '../region.js';
import { isHeld, type MarkVersion, type Tier } from '../tiers/tier.js';
import { decodeEntry, type Decoded, type ReadContext } from './loader.js';

/** What L2 had. Without `prefix`, a write that concerns the entry is under way, and nothing may be filled. */
export interface Found {
  readonly prefix?: string;
  readonly versions: string;
  readonly old?: Decoded;
}

export interface LookupOptions {
  readonly clock: Clock;
  readonly onError: (region: Region, error: unknown) => void;
}

/** Asks L2 for an entry and for the marks that it lies under. */
export class Lookup {
  constructor(
    private readonly tier: Tier,
    private readonly bus: Bus,
    private readonly options: LookupOptions,
  ) {}

  async look(read: Omit<ReadContext, 'fence'>): Promise<Found> {
    const { region, args, key, budget } = read;
    const marks = region.tagMarksOf(args);
    const { era } = this.bus;
    const { generation } = region;
    const known = this.knownClearVersion(region);
    const asked = known === undefined ? [region.clearMark, ...marks] : marks;
    const answer = await this.tier.read(region.slot(key), asked, budget);
    const versions = answer.marks.every(isSettled)
      ? [...(answer.marks as readonly MarkVersion[])]
      : await this.settled(asked, answer.marks, read);
    if (known !== undefined) versions.unshift(known);
    else if (this.bus.era === era && region.generation === generation && !isHeld(versions[0]!))
      region.clearVersion = { version: versions[0]!, era };
    const text = versions.join('.');
    if (versions.some(isHeld)) return { versions: text };
    const prefix = `${region.header}${text}|`;
    return { prefix, versions: text, old: this.decoded(region, prefix, answer.text) };
  }

  /**
   * Notices tell when a cache was cleared, a moment late; for a cache that keeps nothing in L1 that would be the only
   * lateness, so it asks every time.
   */
  private knownClearVersion(region: Region): MarkVersion | undefined {
    const { clearVersion } = region;
    if (clearVersion === undefined || clearVersion.era !== this.bus.era) return undefined;
    if (region.localTtlMs === undefined && this.bus.isShared) return undefined;
    return this.bus.inStep(this.options.clock.now()) ? clearVersion.version : undefined;
  }

  private async settled(
    marks: readonly string[],
    versions: readonly (MarkVersion | null)[],
    read: Omit<ReadContext, 'fence'>,
  ): Promise<MarkVersion[]> {
    return Promise.all(
      versions.map(async (version, at) =>
        version === null || isHeld(version) ? this.tier.settleMark(marks[at]!, read.budget) : version,
      ),
    );
  }

  /** An entry that can be read; another version of the program may have written one that cannot. */
  decoded(region: Region, prefix: string, text: string | null): Decoded | undefined {
    const entry = parseEntry(prefix, text);
    try {
      return entry && decodeEntry(region, entry);
    } catch (error) {
      this.options.onError(region, error);
      return undefined;
    }
  }
}

const isSettled = (version: MarkVersion | null): boolean => version !== null && !isHeld(version);
