import type { RedisServer } from '../test/support/redis-server.js';
import type { Contender } from './contenders/contender.js';
import type { CaseResult } from './result.js';

/** What every case is given. */
export interface BenchContext {
  /** Of this run alone; empty when a case begins. */
  readonly redis: RedisServer;
  /** A short run: shows that everything works, its figures mean little. */
  readonly quick: boolean;
  readonly contenders: readonly Contender[];
  /** Says how far the case is. */
  readonly progress: (text: string) => void;
}

/** The name and the title are the case's own. */
export type Measured = Omit<CaseResult, 'name' | 'title'>;

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly run: (context: BenchContext) => Promise<Measured>;
}
