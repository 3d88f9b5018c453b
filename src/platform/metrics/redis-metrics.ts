import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RedisConnections, type RedisHealth } from '@rapport/redis';
import { Metrics, type Sample } from './metrics.js';

const GAUGES: { name: string; help: string; of: (health: RedisHealth) => number | null | undefined }[] = [
  {
    name: 'redis_ready',
    help: '1 while Redis is connected and of use.',
    of: ({ status }) => (status === 'ready' ? 1 : 0),
  },
  { name: 'redis_writable', help: '1 while Redis takes writes.', of: ({ writable }) => (writable ? 1 : 0) },
  {
    name: 'redis_ping_seconds',
    help: 'What the latest probe took.',
    of: ({ latencyMs }) => (latencyMs.recent === null ? null : latencyMs.recent / 1_000),
  },
  {
    name: 'redis_ping_p99_seconds',
    help: 'What 99 of 100 of the latest probes took at most.',
    of: ({ latencyMs }) => (latencyMs.p99 === null ? null : latencyMs.p99 / 1_000),
  },
  {
    name: 'redis_memory_used_bytes',
    help: 'Memory of the server, of a Cluster of all primaries.',
    of: ({ memory }) => memory?.usedBytes,
  },
  {
    name: 'redis_memory_max_bytes',
    help: 'Its limit; absent without one.',
    of: ({ memory }) => memory?.maxBytes,
  },
  {
    name: 'redis_connected_replicas',
    help: 'Replicas that follow the server.',
    of: ({ replication }) => replication?.connectedReplicas,
  },
  {
    name: 'redis_replication_lag_seconds',
    help: 'Since the slowest replica was heard; absent without one.',
    of: ({ replication }) => replication?.lagSeconds,
  },
];

/** Redis as its connections know it; nothing where none is configured. */
@Injectable()
export class RedisMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly redis: RedisConnections,
  ) {}

  onModuleInit(): void {
    if (this.redis.mode === 'none') return;
    for (const { name, help, of } of GAUGES) {
      // What is not known has no sample: a 0 would say something.
      this.metrics.readGauge({ name, help, read: () => known(of(this.redis.health())) });
    }
    this.metrics.readCounter({
      name: 'redis_reconnects_total',
      help: 'How often a lost connection came back.',
      read: () => this.redis.metrics().reconnects,
    });
    this.metrics.readCounter({
      name: 'redis_commands_failed_total',
      help: 'Commands that were refused or not answered.',
      labels: ['why'],
      read: () => {
        const { failed, timedOut } = this.redis.metrics().commands;
        return [
          { labels: { why: 'timeout' }, value: timedOut },
          { labels: { why: 'error' }, value: failed - timedOut },
        ];
      },
    });
    this.metrics.readDurations({
      name: 'redis_command_duration_seconds',
      help: 'Answered commands of the shared connection, until their answer.',
      read: () => this.redis.metrics().commands.latency,
    });
    this.metrics.readGauge({
      name: 'redis_blocking_connections',
      help: 'Connections for blocking commands: open, in use, and callers that wait for one.',
      labels: ['state'],
      read: () => {
        const { open, inUse, waiting } = this.redis.metrics().pool;
        return Object.entries({ open, in_use: inUse, waiting }).map(([state, value]) => ({
          labels: { state },
          value,
        }));
      },
    });
  }
}

const known = (value: number | null | undefined): Sample<never>[] =>
  value === null || value === undefined ? [] : [{ labels: {}, value }];
