import { CacheDeclarationError } from '../cache.errors.js';
import { durationMs, type Duration } from './duration.js';
import { Freshness } from './freshness.js';

/** A class whose instances may be stored; they come back as instances, without their constructor being run. */
export type StorableClass = abstract new (...args: never[]) => object;

/** A lifetime that depends on what was loaded. Written as a method so that declarations of any value fit one type. */
type TtlOfResult<Args extends readonly unknown[], Value> = {
  ttl(value: Value, ...args: Args): Duration;
}['ttl'];

/** How one cache behaves; see {@link defineCache}. */
export interface CacheOptions<Args extends readonly unknown[] = readonly unknown[], Value = unknown> {
  /** Unique in the application: letters, digits, `_`, `.`, `-`, in parts joined by `:`. It begins every key. */
  name: string;
  /** The parts of an entry's key. @default the arguments themselves */
  key?: (...args: Args) => readonly unknown[];
  /** How long an entry is fresh; a function where that depends on the value. @default the module's `defaultTtl` */
  ttl?: Duration | TtlOfResult<Args, Value>;
  /**
   * Stale-while-revalidate: for this long after `ttl` a read is answered with the old value at once, while it is
   * refreshed in the background. An evict ends it like every other value. @default none
   */
  stale?: Duration;
  /**
   * Stale-if-error: for this long after `ttl` a read is answered with the old value when the loader fails; the loader
   * is then left alone for `pause`. @default none; pause `"5s"`
   */
  failSafe?: Duration | { for: Duration; pause?: Duration };
  /**
   * How long a read waits for the loader: after `soft` it is answered with an old value if there is one (see `stale`,
   * `failSafe`), after `hard` it fails with a {@link CacheTimeoutError}. The load goes on and fills. @default no limit
   */
  timeout?: { soft?: Duration; hard?: Duration };
  /**
   * XFetch: entries are refreshed in the background shortly before their end, at random, the earlier the dearer their
   * load. A number is its beta: above 1 earlier. @default false
   */
  earlyRefresh?: boolean | number;
  /** Fraction of `ttl` after which a read refreshes the entry in the background, e.g. `0.8`. @default 1: never */
  refreshAhead?: number;
  /** Fraction of `ttl`, 0 to 1, that is left to chance. @default the module's `ttlJitter` */
  jitter?: number;
  /** How long this process may serve its own copy, or `false` for none. @default `{ ttl: '1m' }`, never above `ttl` */
  l1?: { ttl?: Duration } | false;
  /**
   * For what several processes change: kept only in the tier that they share. Where there is no Redis at all, nothing is
   * kept, and every read asks the loader. @default false: without Redis the process's memory takes its place
   */
  sharedOnly?: boolean;
  /** Raise it when the shape of the values changes: entries of other versions are misses. @default 1 */
  version?: number;
  /** Names that drop the entry when they are evicted with `evictTag` or `@InvalidateTags`. Shared by all caches. */
  tags?: (...args: Args) => readonly string[];
  /** Classes whose instances the values hold. Instances of other classes are refused. */
  classes?: readonly StorableClass[];
  /** Puts a tenant in front of the key; an empty tenant is an error, never a shared key. */
  tenant?: (...args: Args) => string;
}

const NAME = /^[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)*$/;

/** A cache that was declared with {@link defineCache}. Decorators and `CacheService.for` refer to it. */
export class CacheDeclaration<Args extends readonly unknown[] = readonly unknown[], Value = unknown> {
  /** Carries the type of the values; never set. */
  declare readonly valueType?: Value;
  readonly name: string;
  readonly version: number;

  /** @internal Use {@link defineCache}. */
  constructor(readonly options: Readonly<CacheOptions<Args, Value>>) {
    this.name = options.name;
    this.version = options.version ?? 1;
    if (typeof this.name !== 'string' || !NAME.test(this.name) || this.name.length > 80) {
      throw new CacheDeclarationError(
        `Cache name ${JSON.stringify(this.name)} is not usable; use at most 80 letters, digits, "_", "." or "-", in parts joined by ":".`,
      );
    }
    if (!Number.isSafeInteger(this.version) || this.version < 1) {
      throw new CacheDeclarationError(
        `cache "${this.name}": version is ${String(this.version)}; use a whole number from 1.`,
      );
    }
    this.checkFunctions();
    const ttl =
      options.ttl === undefined || typeof options.ttl === 'function'
        ? Infinity
        : durationMs(options.ttl, `cache "${this.name}": ttl`);
    // Wrong options stop the start here, where the declaration is in the stack.
    Freshness.of(this.name, options as CacheOptions<never[], never>, ttl, 0);
    if (options.l1 && options.l1.ttl !== undefined) {
      if (durationMs(options.l1.ttl, `cache "${this.name}": l1.ttl`) > ttl) {
        throw new CacheDeclarationError(
          `cache "${this.name}": l1.ttl is longer than ttl; make it shorter or leave it out.`,
        );
      }
    }
    const classNames = (options.classes ?? []).map((storable) => storable.name);
    const twice = classNames.find((name, at) => name === '' || classNames.indexOf(name) !== at);
    if (twice !== undefined) {
      throw new CacheDeclarationError(
        `cache "${this.name}": classes holds ${twice === '' ? 'a class without a name' : `two classes named ${twice}`}; entries name their class, so give each its own.`,
      );
    }
  }

  private checkFunctions(): void {
    for (const option of ['key', 'tags', 'tenant'] as const) {
      const value: unknown = this.options[option];
      if (value !== undefined && typeof value !== 'function') {
        throw new CacheDeclarationError(
          `cache "${this.name}": ${option} must be a function of the arguments, e.g. (id) => [id].`,
        );
      }
    }
  }

  /** Whether another declaration of the same name means exactly the same cache. */
  equals(other: CacheDeclaration<never[]>): boolean {
    const mine: Record<string, unknown> = { ...this.options };
    const theirs: Record<string, unknown> = { ...other.options };
    const comparable = (value: unknown): unknown =>
      typeof value === 'function' ? value : JSON.stringify(value);
    return [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].every((option) =>
      option === 'classes'
        ? sameItems(mine[option], theirs[option])
        : comparable(mine[option]) === comparable(theirs[option]),
    );
  }
}

/** Any declaration, whatever its arguments: functions that take `never` accept every argument list. */
export type AnyCache = CacheDeclaration<never[]>;

function sameItems(a: unknown, b: unknown): boolean {
  const left = Array.isArray(a) ? (a as unknown[]) : [];
  const right = Array.isArray(b) ? (b as unknown[]) : [];
  return left.length === right.length && left.every((item, at) => item === right[at]);
}

/**
 * Declares a cache once, next to its feature. Decorators and `CacheService.for` refer to the declaration, so its key,
 * TTL and tags stand in one place and the compiler checks the arguments.
 *
 * @example
 * export const characterById = defineCache<[id: string], Character>({
 *   name: 'character', key: (id) => [id], ttl: '6h', l1: { ttl: '1m' },
 * });
 * @throws {@link CacheDeclarationError} when an option is wrong; the message names the cache and the fix
 */
export function defineCache<Args extends readonly unknown[], Value>(
  options: CacheOptions<Args, Value>,
): CacheDeclaration<Args, Value> {
  return new CacheDeclaration<Args, Value>(Object.freeze({ ...options }));
}
