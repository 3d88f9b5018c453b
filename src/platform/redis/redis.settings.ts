import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import type { RedisConnectionOptions } from '@rapport/redis';
import { Setting } from '../../config/setting.js';
import { Agrees } from './agrees.validator.js';
import { endpointOf, IsEndpoint } from './endpoint.validator.js';

const named = (value: string | readonly string[] | undefined): boolean =>
  value !== undefined && value.length > 0;

export class RedisSettings {
  @Setting({
    env: 'REDIS_URL',
    aliases: ['UPSTASH_REDIS_URL'],
    description:
      'Redis shared by all instances, rediss:// for TLS. Without it (and REDIS_HOST) everything stays in this process.',
    secret: true,
    example: 'redis://localhost:6379',
  })
  @IsOptional()
  @Matches(/^rediss?:\/\//, { message: 'must start with redis:// or rediss://' })
  @Agrees(
    ({ sentinels, clusterNodes }: RedisSettings) => !named(sentinels) && !named(clusterNodes),
    'names a single server, and REDIS_SENTINELS or REDIS_CLUSTER_NODES others; keep one of them',
  )
  url?: string;

  @Setting({
    env: 'REDIS_HOST',
    description: 'Host of Redis, when there is no REDIS_URL.',
    example: 'localhost',
  })
  @IsOptional()
  @IsString()
  @Agrees(
    ({ sentinels, clusterNodes }: RedisSettings) => !named(sentinels) && !named(clusterNodes),
    'names a single server, and REDIS_SENTINELS or REDIS_CLUSTER_NODES others; keep one of them',
  )
  host?: string;

  @Setting({ env: 'REDIS_PORT', type: 'integer', description: 'Port at REDIS_HOST.' })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port = 6379;

  @Setting({
    env: 'REDIS_USERNAME',
    description: 'User (ACL) at REDIS_HOST, or of the servers behind Sentinels or of a Cluster.',
    example: 'rapport',
  })
  @IsOptional()
  @IsString()
  username?: string;

  @Setting({
    env: 'REDIS_PASSWORD',
    description: 'Password at REDIS_HOST, or of the servers behind Sentinels or of a Cluster.',
    secret: true,
    example: 'password',
  })
  @IsOptional()
  @IsString()
  password?: string;

  @Setting({
    env: 'REDIS_DB',
    type: 'integer',
    description: 'Database number at REDIS_HOST, or behind Sentinels. A Cluster has only 0.',
  })
  @IsInt()
  @Min(0)
  @Agrees(
    ({ db, clusterNodes }: RedisSettings) => db === 0 || !named(clusterNodes),
    'must be 0 with REDIS_CLUSTER_NODES: a Cluster has only that database',
  )
  db = 0;

  @Setting({
    env: 'REDIS_TLS',
    type: 'boolean',
    description:
      'TLS to REDIS_HOST, or to the Sentinels and their servers, or to a Cluster. NODE_EXTRA_CA_CERTS adds a certificate authority.',
  })
  @IsBoolean()
  tls = false;

  @Setting({
    env: 'REDIS_SENTINELS',
    type: 'list',
    description: 'Sentinels that know the primary, as host:port, instead of REDIS_URL and REDIS_HOST.',
    example: 'sentinel-0:26379,sentinel-1:26379,sentinel-2:26379',
  })
  @IsEndpoint({ each: true })
  @Agrees(
    ({ sentinels, clusterNodes }: RedisSettings) => !named(sentinels) || !named(clusterNodes),
    'cannot be combined with REDIS_CLUSTER_NODES; keep one of them',
  )
  sentinels: string[] = [];

  @Setting({
    env: 'REDIS_SENTINEL_NAME',
    description: 'Name under which the Sentinels watch the primary.',
  })
  @IsString()
  sentinelName = 'mymaster';

  @Setting({
    env: 'REDIS_SENTINEL_PASSWORD',
    description: 'Password of the Sentinels themselves; REDIS_PASSWORD is that of the servers.',
    secret: true,
    example: 'password',
  })
  @IsOptional()
  @IsString()
  sentinelPassword?: string;

  @Setting({
    env: 'REDIS_CLUSTER_NODES',
    type: 'list',
    description:
      'Some nodes of a Redis Cluster, as host:port, instead of REDIS_URL and REDIS_HOST; the others are found through them.',
    example: 'redis-0:6379,redis-1:6379,redis-2:6379',
  })
  @IsEndpoint({ each: true })
  clusterNodes: string[] = [];

  @Setting({
    env: 'REDIS_POOL_MIN',
    type: 'integer',
    description: 'Connections for blocking commands that stay open once there has been a use for them.',
  })
  @IsInt()
  @Min(0)
  @Agrees(
    ({ poolMin, poolMax }: RedisSettings) => poolMin <= poolMax,
    'must not be greater than REDIS_POOL_MAX',
  )
  poolMin = 5;

  @Setting({
    env: 'REDIS_POOL_MAX',
    type: 'integer',
    description: 'Connections for blocking commands at most; further callers wait up to a second.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  poolMax = 20;

  @Setting({
    env: 'REDIS_MEMORY_WARN',
    type: 'integer',
    description: 'Percent of its maxmemory from which a warning is logged.',
  })
  @IsInt()
  @Min(1)
  @Max(100)
  memoryWarnPercent = 80;

  @Setting({
    env: 'REDIS_MEMORY_ALERT',
    type: 'integer',
    description: 'Percent of its maxmemory from which an error is logged.',
  })
  @IsInt()
  @Min(1)
  @Max(100)
  @Agrees(
    ({ memoryWarnPercent, memoryAlertPercent }: RedisSettings) => memoryWarnPercent <= memoryAlertPercent,
    'must not be less than REDIS_MEMORY_WARN',
  )
  memoryAlertPercent = 95;

  @Setting({
    env: 'REDIS_KEY_PREFIX',
    description: 'First part of every key, so that services can share a Redis.',
  })
  @Matches(/^[\w.-]+$/, { message: 'may contain letters, digits, "_", "." and "-"' })
  keyPrefix = 'rapport';

  @Setting({
    env: 'REDIS_COMMAND_TIMEOUT',
    type: 'duration',
    description: 'How long a command may wait for its answer; the cache has a shorter deadline of its own.',
  })
  @IsInt()
  @Min(10)
  commandTimeoutMs = 1_000;

  connection(): RedisConnectionOptions {
    const { keyPrefix, sentinels, clusterNodes, poolMin, poolMax, ...same } = this;
    return {
      ...same,
      name: keyPrefix,
      sentinels: sentinels.map(endpointOf),
      clusterNodes: clusterNodes.map(endpointOf),
      pool: { min: poolMin, max: poolMax },
    };
  }
}
