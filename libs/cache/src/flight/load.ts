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
}

/** The loads that the current call is inside of. */
export const loadChain = new AsyncLocalStorage<LoadChain>();

const UNCHANGED = Symbol('unchanged');

/**
 * For a loader that can ask its source "changed since?": what the entry held before, while it is being refreshed;
 * undefined at a first load. Needs an entry that is kept beyond its `ttl`: see `stale` and `failSafe`.
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
  return loadChain.getStore()?.previous?.value as Value | undefined;
}

/** What a loader returns to keep {@link previousValue} as it is, for another `ttl`. */
export function notModified(): never {
  return UNCHANGED as never;
}

export const isUnchanged = (value: unknown): boolean => value === UNCHANGED;
