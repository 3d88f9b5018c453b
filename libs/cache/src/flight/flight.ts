/** What a load gave, in the form that L1 keeps. */
export interface Outcome {
  readonly value: unknown;
  /** Set when the value cannot be shared: every caller decodes its own copy. */
  readonly payload?: string;
  /** Fresh until, on this process's monotonic clock. */
  readonly freshUntil: number;
  readonly source: 'l2' | 'load' | 'bypass';
  readonly stored: boolean;
}

/** A load that is under way; calls for the same key wait for it until an evict detaches it. */
export interface Flight {
  readonly outcome: Promise<Outcome>;
}

/** The loads that the current call is inside of, innermost first. */
export interface LoadChain {
  readonly flights: ReadonlyMap<string, Flight>;
  readonly key: string;
  readonly outer?: LoadChain;
}

/** Whether a load of this key is waiting for the current call: joining it would wait for ever. */
export function isLoading(
  chain: LoadChain | undefined,
  flights: ReadonlyMap<string, Flight>,
  key: string,
): boolean {
  for (let link = chain; link; link = link.outer)
    if (link.key === key && link.flights === flights) return true;
  return false;
}
