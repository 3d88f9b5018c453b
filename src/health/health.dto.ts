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

export class RedisHealth {
  mode!: 'redis' | 'none';
  status!: 'off' | 'connecting' | 'ready' | 'lost';
  latencyMs!: number;
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
