export { RedisConnections } from './connections/redis-connections.js';
export type { RedisPing, RedisStatus } from './connections/redis-connections.js';
export type { RedisConnectionOptions } from './connections/connection-options.js';
export { RedisModule } from './redis.module.js';
export type { RedisModuleAsyncOptions } from './redis.module.js';
