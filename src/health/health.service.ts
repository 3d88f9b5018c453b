import { Injectable, ServiceUnavailableException, type OnModuleDestroy } from '@nestjs/common';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { CacheService } from '@rapport/cache';
import { RedisConnections } from '@rapport/redis';
import { AiService } from '../ai/ai.service.js';
import { DatabaseHealth } from '../platform/database/database.health.js';
import { Degradations } from '../platform/degraded/degradations.js';
import { Shutdown } from '../platform/shutdown/shutdown.js';
import { VERSION } from '../version.js';
import type { DependencyCheck, HealthReport, Liveness, Readiness, RedisHealth } from './health.dto.js';

/** A loop that was blocked this long is not going to answer anybody. */
const STALLED_MS = 5_000;
const TICK_MS = 1_000;

/** What the probes ask. */
@Injectable()
export class HealthService implements OnModuleDestroy {
  started = false;
  private latest: HealthCheckResult | undefined;
  private lagMs = 0;
  private tickedAt = performance.now();
  private readonly ticks = setInterval(() => this.tick(), TICK_MS);

  constructor(
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DatabaseHealth,
    private readonly redis: RedisConnections,
    private readonly ai: AiService,
    private readonly cache: CacheService,
    private readonly degradations: Degradations,
    private readonly shutdown: Shutdown,
  ) {}

  onModuleDestroy(): void {
    clearInterval(this.ticks);
  }

  liveness(): Liveness['status'] {
    return this.lagMs > STALLED_MS ? 'stalled' : 'ok';
  }

  async readiness(): Promise<Readiness> {
    // Who is leaving says so at once: the longer the dependencies take, the more a balancer must know.
    const known = this.shutdown.leaving ? this.latest : undefined;
    const { status, details } = known ?? (this.latest = await this.check());
    const of = (name: string): DependencyCheck => {
      const { status: state, latencyMs = 0, off } = (details[name] ?? {}) as Record<string, unknown>;
      return { status: off ? 'off' : state === 'up' ? 'up' : 'down', latencyMs: latencyMs as number };
    };
    const degraded = [...this.degradations.active()];
    const serving = (status === 'ok' || status === 'degraded') && !this.shutdown.leaving && this.started;
    const whole = status === 'ok' && degraded.length === 0;
    return {
      status: serving ? (whole ? 'ok' : 'degraded') : 'unavailable',
      checks: { db: of('db'), redis: of('redis'), ai: of('ai') },
      degraded,
    };
  }

  async report(): Promise<HealthReport> {
    const readiness = await this.readiness();
    const { mode, breaker, caches } = this.cache.stats();
    const hits = caches.reduce((sum, cache) => sum + cache.hits, 0);
    const reads = caches.reduce((sum, cache) => sum + cache.hits + cache.misses, 0);
    return {
      ...readiness,
      version: VERSION,
      uptimeSeconds: Math.round(process.uptime()),
      redis: this.redisHealth(),
      cache: { mode, breaker, hitRate: reads === 0 ? null : Math.round((hits / reads) * 1000) / 1000 },
    };
  }

  private async check(): Promise<HealthCheckResult> {
    try {
      return await this.terminus.check([
        () => this.checkDatabase(),
        () => this.checkRedis(),
        () => this.checkAi(),
      ]);
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }

  private async checkDatabase(): Promise<HealthIndicatorResult> {
    const { status, latencyMs } = await this.database.check();
    const indicator = this.indicators.check('db');
    return status === 'up' ? indicator.up({ latencyMs }) : indicator.down({ latencyMs });
  }

  /**
   * Away, it costs speed and sharing, not answers. What the connections have found out is told, for a probe that asks a
   * Redis which hangs would hang with it.
   */
  private checkRedis(): HealthIndicatorResult {
    const { status, latencyMs } = this.redisHealth();
    const indicator = this.indicators.check('redis');
    const off = status === 'off';
    return off || status === 'ready' ? indicator.up({ latencyMs, off }) : indicator.degraded({ latencyMs });
  }

  private redisHealth(): RedisHealth {
    const { mode, status, writable, reason, latencyMs, reconnects, memory, replication } =
      this.redis.health();
    return {
      mode: this.redis.mode,
      topology: mode,
      status,
      writable,
      // Not its words: they name hosts, and everybody may read this.
      reason: reason?.code ?? null,
      latencyMs: latencyMs.recent ?? 0,
      latencyP99Ms: latencyMs.p99,
      reconnects,
      memory: memory && { usedBytes: memory.usedBytes, maxBytes: memory.maxBytes, percent: memory.percent },
      replication,
    };
  }

  private async checkAi(): Promise<HealthIndicatorResult> {
    const { status, latencyMs } = await this.ai.check();
    const indicator = this.indicators.check('ai');
    return status === 'ok' ? indicator.up({ latencyMs }) : indicator.degraded({ latencyMs });
  }

  private tick(): void {
    const now = performance.now();
    this.lagMs = now - this.tickedAt - TICK_MS;
    this.tickedAt = now;
  }
}
