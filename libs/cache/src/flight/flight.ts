/** What a load gave, in the form that L1 keeps. */
export interface Outcome {
  readonly value: unknown;
  /** Set when the value cannot be shared: every caller decodes its own copy. */
  readonly payload?: string;
  /** Fresh until, on this process's monotonic clock. */
  readonly freshUntil: number;
  readonly source: 'l2' | 'load' | 'bypass';
  readonly stored: boolean;
  /**
   * An evict that was acknowledged elsewhere may have come after the value was read. Who asked before that may have
   * it; who joined later has to look again.
   */
  readonly doubtful: boolean;
}

/** A load that is under way; calls for the same key wait for it until an evict detaches it. */
export interface Flight {
  outcome: Promise<Outcome>;
  /** Its loader has begun: what it will return may be older than a call that joins from now on. */
  loading: boolean;
  /** It loads because Redis gave no answer: nothing will tell whether the value is older than an evict elsewhere. */
  blind: boolean;
  readonly tags?: readonly string[];
  /** The loads that this one waits for, because its loader reads other entries. */
  waitsFor?: Set<Flight>;
}

/** The loads that the current call is inside of, innermost first. */
export interface LoadChain {
  readonly flight?: Flight;
  /** What the entry was before, when it is being refreshed. */
  readonly previous?: { readonly value: unknown };
  readonly outer?: LoadChain;
}

/**
 * Whether waiting for a load would close a circle: it waits itself, however indirectly, for one that the current call
 * is inside of.
 */
export function closesCircle(joined: Flight, chain: LoadChain | undefined): boolean {
  if (!chain) return false;
  const own = new Set<Flight>();
  for (let link: LoadChain | undefined = chain; link; link = link.outer)
    if (link.flight) own.add(link.flight);
  const seen = new Set<Flight>();
  const next = [joined];
  for (let flight = next.pop(); flight; flight = next.pop()) {
    if (own.has(flight)) return true;
    if (seen.has(flight)) continue;
    seen.add(flight);
    next.push(...(flight.waitsFor ?? []));
  }
  return false;
}
