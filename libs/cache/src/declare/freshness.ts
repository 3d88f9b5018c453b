import { CacheDeclarationError } from '../cache.errors.js';
import type { CacheOptions } from './cache-declaration.js';
import { durationMs, type Duration } from './duration.js';

/** How long a fail-safe copy is served before the loader is asked again. */
const FAIL_SAFE_PAUSE_MS = 5_000;

/** How long the entries of one cache are good for what; all times in ms. */
export class Freshness {
  readonly staleMs: number;
  readonly failSafeMs: number;
  readonly failSafePauseMs: number;
  readonly softTimeoutMs?: number;
  readonly hardTimeoutMs?: number;
  /** Beta of XFetch; 0 when entries are not refreshed early. */
  readonly earlyBeta: number;
  /** Fraction of its lifetime after which a read of an entry refreshes it; 1 for never. */
  readonly aheadAt: number;
  private readonly jitter: number;
  private readonly ttlOf?: (value: unknown, args: readonly unknown[]) => number;

  private constructor(
    name: string,
    options: Readonly<CacheOptions<never[], never>>,
    private readonly fixedTtlMs: number,
    moduleJitter: number,
  ) {
    const owner = (option: string): string => `cache "${name}": ${option}`;
    const optionalMs = (duration: Duration | undefined, option: string): number | undefined =>
      duration === undefined ? undefined : durationMs(duration, owner(option));
    this.staleMs = optionalMs(options.stale, 'stale') ?? 0;
    const failSafe: { for?: Duration; pause?: Duration } =
      typeof options.failSafe === 'object' ? options.failSafe : { for: options.failSafe };
    this.failSafeMs = optionalMs(failSafe.for, 'failSafe') ?? 0;
    this.failSafePauseMs = optionalMs(failSafe.pause, 'failSafe.pause') ?? FAIL_SAFE_PAUSE_MS;
    this.softTimeoutMs = optionalMs(options.timeout?.soft, 'timeout.soft');
    this.hardTimeoutMs = optionalMs(options.timeout?.hard, 'timeout.hard');
    if (this.softTimeoutMs !== undefined && this.keepMs === 0) {
      throw new CacheDeclarationError(
        `${owner('timeout.soft')} needs an older value to answer with; add stale or failSafe, or use timeout.hard.`,
      );
    }
    this.earlyBeta = options.earlyRefresh === true ? 1 : Number(options.earlyRefresh ?? 0);
    this.aheadAt = options.refreshAhead ?? 1;
    this.jitter = options.jitter ?? moduleJitter;
    checkRange(
      this.earlyBeta >= 0 && Number.isFinite(this.earlyBeta),
      owner('earlyRefresh'),
      'true or above 0',
    );
    checkRange(
      this.aheadAt > 0 && this.aheadAt <= 1,
      owner('refreshAhead'),
      'above 0 and at most 1, e.g. 0.8',
    );
    checkRange(this.jitter >= 0 && this.jitter < 1, owner('jitter'), 'from 0 to below 1, e.g. 0.1');
    const { ttl } = options;
    if (typeof ttl === 'function') {
      const fromResult = ttl as (value: unknown, ...args: unknown[]) => Duration;
      this.ttlOf = (value, args) => durationMs(fromResult(value, ...args), owner('ttl, from the result,'));
    }
  }

  /** @throws {@link CacheDeclarationError} when an option is wrong */
  static of(
    name: string,
    options: Readonly<CacheOptions<never[], never>>,
    fixedTtlMs: number,
    moduleJitter: number,
  ): Freshness {
    return new Freshness(name, options, fixedTtlMs, moduleJitter);
  }

  get hasTimeouts(): boolean {
    return this.softTimeoutMs !== undefined || this.hardTimeoutMs !== undefined;
  }

  /** How long an entry is kept after it stopped being fresh. */
  get keepMs(): number {
    return Math.max(this.staleMs, this.failSafeMs);
  }

  /** Fresh for, with its share of chance, so that entries filled together do not expire together. */
  ttlMs(value: () => unknown, args: readonly unknown[]): number {
    const ttlMs = this.ttlOf ? this.ttlOf(value(), args) : this.fixedTtlMs;
    return this.jitter === 0 ? ttlMs : Math.ceil(ttlMs * (1 - Math.random() * this.jitter));
  }

  /**
   * Whether a fresh entry should be refreshed already. Early, by XFetch: the closer its end and the dearer its load,
   * the likelier (Vattani, Chierichetti, Lowenstein: "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015).
   */
  isDue(entry: { freshUntil: number; loadMs: number }, wallNow: number, ttlMs: number): boolean {
    if (this.aheadAt < 1 && wallNow >= entry.freshUntil - ttlMs * (1 - this.aheadAt)) return true;
    if (this.earlyBeta === 0) return false;
    return wallNow - entry.loadMs * this.earlyBeta * Math.log(1 - Math.random()) >= entry.freshUntil;
  }
}

function checkRange(holds: boolean, option: string, wanted: string): void {
  if (!holds) throw new CacheDeclarationError(`${option} must be ${wanted}.`);
}
