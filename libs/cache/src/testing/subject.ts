import type { CacheBackend } from '../backend.js';
import type { EvictOutcome } from '../tiers/tier.js';
import type { CheckedCache, Versioned } from './checker.js';
import type { Choices } from './choices.js';

/** The database of an explored schedule; its calls take their time, and other steps come in between. */
export interface ExploredSource {
  /** For the loader of a read. */
  load(key: string): Promise<Versioned>;
}

/** A kind of write that instances can do. */
export interface ExploredWrite {
  /** For printed schedules: "{process} {name} {key}". */
  readonly name: string;
  /** Whether it drops more than the key's own entry. */
  readonly wide?: boolean;
  /** Whether it tells the caches before its commit, so that the process may die after it. */
  readonly announced?: boolean;
  /** Whether it leaves the written value in the cache, rather than nothing. */
  readonly keeps?: boolean;
  /**
   * Commits, and makes the caches forget. What it resolves with says whether they have, or will; anything else counts
   * as `applied`.
   */
  run(key: string, commit: () => Promise<Versioned>): Promise<unknown>;
}

/** One process's code under test. */
export interface ExploredInstance {
  /** Through the cache. */
  read(key: string): Promise<Versioned>;
  readonly writes: readonly ExploredWrite[];
  /** Releases what it holds in the real process; the schedule is over. */
  stop?(): Promise<unknown> | void;
}

/** What is explored: a cache, and how to start a process that uses it. */
export interface Subject {
  readonly cache: CheckedCache;
  start(backend: CacheBackend, source: ExploredSource): ExploredInstance | Promise<ExploredInstance>;
}

/** Draws the subject of a schedule, so that every schedule can have another one. */
export type SubjectOf = (choices: Choices) => Subject;

export const outcomeOf = (answer: unknown): EvictOutcome => (answer === 'pending' ? 'pending' : 'applied');
