/**
 * What processes write down while they are disturbed. All times are milliseconds on the machine's monotonic clock,
 * which is the same for all of its processes.
 */
export interface History {
  readonly reads: readonly ReadRecord[];
  readonly evicts: readonly EvictRecord[];
  readonly loads: readonly LoadRecord[];
  readonly stalls: readonly StallRecord[];
}

/** One call of a cached read, from before the call until its answer. */
export interface ReadRecord {
  readonly process: number;
  readonly cache: string;
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Of the commit that the value shows; undefined when the call failed or the value was not one. */
  readonly version?: number;
  /** Answered by the process's own copy. */
  readonly own: boolean;
  /** When it began, the process knew that it could not use Redis, or had evicts to deliver. */
  readonly cutOff: boolean;
  /** What the caller was thrown, or in what way the value is not one. */
  readonly fault?: string;
}

/** An evict that was answered; all that was committed up to `version` came before it. */
export interface EvictRecord {
  readonly process: number;
  readonly cache: string;
  readonly key: string;
  readonly at: number;
  readonly version: number;
  readonly outcome: 'applied' | 'pending';
}

/** One run of a loader. */
export interface LoadRecord {
  readonly process: number;
  readonly cache: string;
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** A time in which a process ran nothing that was due: a control timer fired late, at `end` instead of at `start`. */
export interface StallRecord {
  readonly process: number;
  readonly start: number;
  readonly end: number;
}

/** The machine's monotonic clock, in ms. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What several processes have written down. */
export const joined = (parts: readonly History[]): History => ({
  reads: parts.flatMap(({ reads }) => reads),
  evicts: parts.flatMap(({ evicts }) => evicts),
  loads: parts.flatMap(({ loads }) => loads),
  stalls: parts.flatMap(({ stalls }) => stalls),
});
