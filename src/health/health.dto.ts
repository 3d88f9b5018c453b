export class Liveness {
  status!: 'ok' | 'starting' | 'stalled';
}

export class DependencyCheck {
  status!: 'up' | 'down' | 'off';
  latencyMs!: number;
}

export class DependencyChecks {
  db!: DependencyCheck;
  redis!: DependencyCheck;
  ai!: DependencyCheck;
}

export class Readiness {
  /** degraded: everything is answered, something more slowly. unavailable: send requests elsewhere. */
  status!: 'ok' | 'degraded' | 'unavailable';
  checks!: DependencyChecks;
  /** Features that do less than they promise at the moment, such as cache or events. */
  degraded!: string[];
}

export class RedisMemoryHealth {
  usedBytes!: number;
  /** Null where there is no limit. */
  maxBytes!: number | null;
  percent!: number | null;
}

export class RedisReplicationHealth {
  role!: 'primary' | 'replica';
  connectedReplicas!: number;
  /** Since the slowest replica was heard; null where there is none. */
  lagSeconds!: number | null;
}

export class RedisHealth {
  mode!: 'redis' | 'none';
  topology!: 'none' | 'single' | 'sentinel' | 'cluster';
  status!: 'off' | 'connecting' | 'ready' | 'lost';
  /** False also while it answers and refuses writes, as one that is full does. */
  writable!: boolean;
  /** What is wrong, such as unreachable, wrong-password or out-of-memory; null when nothing is. */
  reason!: string | null;
  /** Of the latest probe; 0 before the first. */
  latencyMs!: number;
  /** 99 of 100 of the latest probes took no longer; null before the first. */
  latencyP99Ms!: number | null;
  /** How often a lost connection came back. */
  reconnects!: number;
  /** Null until Redis has told; so is the replication. */
  memory!: RedisMemoryHealth | null;
  replication!: RedisReplicationHealth | null;
}

export class CacheHealth {
  /** redis: two tiers; memory: this process only; bypass: Redis is away, reads go to the source. */
  mode!: 'redis' | 'memory' | 'bypass';
  breaker!: 'closed' | 'open' | 'half-open';
  /** Hits of all cached reads since the start, 0 to 1; null before the first. */
  hitRate!: number | null;
}

export class HealthReport extends Readiness {
  version!: string;
  uptimeSeconds!: number;
  redis!: RedisHealth;
  cache!: CacheHealth;
}
