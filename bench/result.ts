import type { Spread } from './measure.js';

/** `time` is in nanoseconds, `memory` in bytes; `ratio` is a plain factor, `rate` per second. */
export type Unit = 'time' | 'rate' | 'ratio' | 'count' | 'memory' | 'text';

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly unit: Unit;
}

/** Null: the library has no such feature. */
export type Cell = Spread | number | string | null;

export interface Row {
  readonly name: string;
  readonly cells: Readonly<Record<string, Cell>>;
  /** Whether the bar was cleared; only where the case has one. */
  readonly met?: boolean;
}

/** What one case found. */
export interface CaseResult {
  readonly name: string;
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly how: string;
  /** What counts as good enough. */
  readonly bar?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What a reader has to know about single rows. */
  readonly notes?: readonly string[];
}

/** Where and when. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly redis: string;
  /** Of each library, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly cases: readonly CaseResult[];
}
