import { isDeepStrictEqual } from 'node:util';
import { CacheDeclarationError } from '../cache.errors.js';
import type { Clock } from '../clock.js';
import type { Region } from '../region.js';

/** Sampling of cached answers against their source; see `CacheModuleOptions.audit`. */
export interface AuditOptions {
  /** Share of the reads that are checked, 0 to 1. Each costs two calls of the loader, in the background. */
  share: number;
  /** How long to wait before an answer that differs is looked at again, in ms. @default 1000 */
  confirmAfterMs?: number;
  /** Told of every answer that was wrong twice. */
  onStale?: (finding: AuditFinding) => void;
}

/** An answer that differed from its source, and still did a moment later. */
export interface AuditFinding {
  readonly cache: string;
  readonly key: string;
  readonly cached: unknown;
  readonly source: unknown;
  /** How long ago the entry was filled, in ms; undefined when that is not known. */
  readonly ageMs?: number;
}

/** Checked and stale answers by the age of the entry. */
export interface AuditReport {
  checked: number;
  stale: number;
  /** Checks that could not be made: the loader failed, or the entry was gone. */
  unknown: number;
  byAge: { upToMs: number; checked: number; stale: number }[];
}

const AGES_MS = [1_000, 10_000, 60_000, 600_000, 3_600_000, Infinity];
/** More checks at a time than this are left out, so that an audit cannot become the load it looks at. */
const MOST_AT_ONCE = 4;

/** Reads what the cache and the source say now. */
export interface AuditedEntry {
  readonly region: Region;
  readonly key: string;
  readonly source: () => Promise<unknown>;
  readonly cached: () => Promise<{ value: unknown; ageMs?: number } | undefined>;
}

/** Compares some of the answers with what their source says, and counts how often they were wrong. */
export class Auditor {
  private running = 0;
  private unknown = 0;
  private readonly byAge = AGES_MS.map((upToMs) => ({ upToMs, checked: 0, stale: 0 }));
  private readonly confirmAfterMs: number;

  /** @throws {@link CacheDeclarationError} when the share is none */
  constructor(
    private readonly options: AuditOptions,
    private readonly clock: Clock,
  ) {
    this.confirmAfterMs = options.confirmAfterMs ?? 1_000;
    if (!(options.share >= 0 && options.share <= 1))
      throw new CacheDeclarationError('CacheModule: audit.share must be from 0 to 1, e.g. 0.001.');
  }

  picks(): boolean {
    return this.running < MOST_AT_ONCE && Math.random() < this.options.share;
  }

  /** Never rejects; what fails counts as unknown. */
  async check(entry: AuditedEntry): Promise<void> {
    this.running++;
    try {
      const finding = await this.compare(entry);
      if (finding) this.options.onStale?.(finding);
    } catch {
      // The source failed, or the listener: the audit is no reason for an error of anybody else.
      this.unknown++;
    } finally {
      this.running--;
    }
  }

  report(): AuditReport {
    const sum = (what: 'checked' | 'stale'): number =>
      this.byAge.reduce((total, bucket) => total + bucket[what], 0);
    return {
      checked: sum('checked'),
      stale: sum('stale'),
      unknown: this.unknown,
      byAge: this.byAge.map((bucket) => ({ ...bucket })),
    };
  }

  private async compare(entry: AuditedEntry): Promise<AuditFinding | undefined> {
    const first = await this.difference(entry);
    if (!first) return undefined;
    // A write may be between its commit and its evict, or have come between the two looks.
    if (first.differs) await new Promise<void>((resolve) => this.clock.after(this.confirmAfterMs, resolve));
    const last = first.differs ? await this.difference(entry) : first;
    if (!last) return undefined;
    const bucket = this.byAge.find(({ upToMs }) => (last.ageMs ?? 0) <= upToMs)!;
    bucket.checked++;
    const isStale = last.differs && isDeepStrictEqual(first.cached, last.cached);
    if (!isStale) return undefined;
    bucket.stale++;
    const { cached, source, ageMs } = last;
    return { cache: entry.region.name, key: entry.key, cached, source, ageMs };
  }

  private async difference({
    region,
    source,
    cached,
  }: AuditedEntry): Promise<
    { differs: boolean; cached: unknown; source: unknown; ageMs?: number } | undefined
  > {
    const inCache = await cached();
    if (!inCache) {
      this.unknown++;
      return undefined;
    }
    // In the form in which it would have been cached.
    const { codec } = region;
    const fromSource = codec.decode(codec.encode(await source()))!.value;
    const differs = !isDeepStrictEqual(inCache.value, fromSource);
    return { differs, cached: inCache.value, source: fromSource, ageMs: inCache.ageMs };
  }
}
