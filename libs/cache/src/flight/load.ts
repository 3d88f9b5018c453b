import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoadChain } from './flight.js';

/** A loader, and whether its value may be stored. */
export interface Load {
  readonly run: () => Promise<unknown>;
  readonly unless?: (value: unknown) => boolean;
  /** Called when the load waits for another process's: what waits for this one should not wait for that. */
  readonly onWait?: () => void;
  /** Called when the value was stored. */
  readonly onFilled?: () => void;
  /** Called when a loader had to be asked, this one or one that another call had begun. */
  readonly onLoaded?: () => void;
}

/**
 * A call inside a loader must not wait for that loader. Following calls across awaits takes AsyncLocalStorage, whose
 * first use makes every promise of a Node 20 process dearer, cached or not. So it is switched on when there is reason
 * to: a loader that reads while it is being called, a cached method that overrides one, a wait that does not end.
 */
let tracked: AsyncLocalStorage<LoadChain> | undefined;
/** The load whose loader is being called at this moment; enough until the loader's first await. */
let calling: LoadChain | undefined;

/** A wait for somebody else's load that takes so long may be for one that this call is inside of. */
export const STALL_MS = 5_000;

/** The loads that the current call is inside of, as far as that is known. */
export const currentLoads = (): LoadChain | undefined => tracked?.getStore() ?? calling;

export const tracksNesting = (): boolean => tracked !== undefined;

/** From now on calls inside loaders are known across awaits. */
export function trackNesting(): void {
  tracked ??= new AsyncLocalStorage();
}

/** Calls a loader. */
export function insideLoad<T>(chain: LoadChain, run: () => T): T {
  if (tracked) return tracked.run(chain, run);
  const outer = calling;
  calling = chain;
  try {
    return run();
  } finally {
    calling = outer;
  }
}

const UNCHANGED = Symbol('unchanged');

/**
 * For a loader that can ask its source "changed since?": what the entry held before, while it is being refreshed;
 * undefined at a first load. Needs an entry that is kept beyond its `ttl`: see `stale` and `failSafe`. To be called
 * before the loader's first `await`.
 *
 * @example
 * @Cacheable(rates)
 * async load(day: string): Promise<Rates> {
 *   const before = previousValue<Rates>();
 *   const answer = await fetch(url, { headers: before ? { 'if-none-match': before.etag } : {} });
 *   return answer.status === 304 ? notModified() : parse(answer);
 * }
 */
export function previousValue<Value>(): Value | undefined {
  return currentLoads()?.previous?.value as Value | undefined;
}

/** What a loader returns to keep {@link previousValue} as it is, for another `ttl`. */
export function notModified(): never {
  return UNCHANGED as never;
}

export const isUnchanged = (value: unknown): boolean => value === UNCHANGED;
