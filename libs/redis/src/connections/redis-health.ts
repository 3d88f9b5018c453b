import type { RedisStatus } from './availability.js';
import type { BlockingPoolCounts } from './blocking-pool.js';
import type { CommandCounts } from './command-tally.js';
import type { RedisTopology } from './connection-options.js';
import type { RedisFaultCode } from './redis-fault.js';
import type { RedisMemory, RedisReplication } from './server-info.js';

/** Answer of `RedisConnections.health()`: what is known now, asked of nobody. */
export interface RedisHealth {
  mode: RedisTopology;
  status: RedisStatus;
  /** Ready, and writes are not refused. */
  writable: boolean;
  /** What is wrong, with the server's own words; null when nothing is. */
  reason: { code: RedisFaultCode; message: string } | null;
  /** Milliseconds the latest probe took, and the 99th percentile of the latest 300; null before the first. */
  latencyMs: { recent: number | null; p99: number | null };
  /** How often a connection came back after it had been lost. */
  reconnects: number;
  /** Since when the status is what it is: RFC 3339. */
  since: string;
  /** Null until Redis has told; up to 15 s old. */
  memory: RedisMemory | null;
  replication: RedisReplication | null;
  version: string | null;
}

/** Answer of `RedisConnections.metrics()`: numbers since the start, and of now. */
export interface RedisMetrics {
  /** Of the shared command connection. */
  commands: CommandCounts;
  reconnects: number;
  /** Connections for blocking commands. */
  pool: BlockingPoolCounts;
}
