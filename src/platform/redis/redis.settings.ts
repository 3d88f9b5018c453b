import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import type { RedisConnectionOptions } from '@rapport/redis';
import { Setting } from '../../config/setting.js';

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
  url?: string;

  @Setting({
    env: 'REDIS_HOST',
    description: 'Host of Redis, when there is no REDIS_URL.',
    example: 'localhost',
  })
  @IsOptional()
  @IsString()
  host?: string;

  @Setting({ env: 'REDIS_PORT', type: 'integer', description: 'Port at REDIS_HOST.' })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port = 6379;

  @Setting({ env: 'REDIS_USERNAME', description: 'User (ACL) at REDIS_HOST.', example: 'rapport' })
  @IsOptional()
  @IsString()
  username?: string;

  @Setting({
    env: 'REDIS_PASSWORD',
    description: 'Password at REDIS_HOST.',
    secret: true,
    example: 'password',
  })
  @IsOptional()
  @IsString()
  password?: string;

  @Setting({ env: 'REDIS_DB', type: 'integer', description: 'Database number at REDIS_HOST.' })
  @IsInt()
  @Min(0)
  db = 0;

  @Setting({ env: 'REDIS_TLS', type: 'boolean', description: 'TLS to REDIS_HOST.' })
  @IsBoolean()
  tls = false;

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
    const { url, host, port, username, password, db, tls, keyPrefix, commandTimeoutMs } = this;
    return { url, host, port, username, password, db, tls, name: keyPrefix, commandTimeoutMs };
  }
}
