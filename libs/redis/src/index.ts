export { RedisConnections } from './connections/redis-connections.js';
export type { RedisPing } from './connections/redis-connections.js';
export type { RedisStatus } from './connections/availability.js';
export { RedisPoolError } from './connections/redis-pool.error.js';
export type { RedisHealth, RedisMetrics } from './connections/redis-health.js';
export type {
  RedisClient,
  RedisConnectionOptions,
  RedisEndpoint,
  RedisTopology,
} from './connections/connection-options.js';
export { RedisModule } from './redis.module.js';
export type { RedisModuleAsyncOptions } from './redis.module.js';
export { LockError, LockLost, LockTimeout, LockUnavailable } from './locks/lock.errors.js';
export type { LockErrorCode } from './locks/lock.errors.js';
export type { Lock, LockOptions } from './locks/lock.js';
export { Locks } from './locks/locks.js';
export type { LocksOptions } from './locks/locks.js';
export { MemoryRateLimits } from './rate-limits/memory-rate-limits.js';
export type { MemoryRateLimitsOptions } from './rate-limits/memory-rate-limits.js';
export type { Allowance, RateLimit, RateLimitStore } from './rate-limits/rate-limit.js';
export { RateLimits } from './rate-limits/rate-limits.js';
export type { RateLimitsOptions } from './rate-limits/rate-limits.js';
export { Keys } from './keys/keys.js';
export type { KeysOptions } from './keys/keys.js';
export type { DeleteByPatternOptions } from './keys/key-store.js';
export { Presence } from './presence/presence.js';
export type { NewPresence, PresenceOptions } from './presence/presence.js';
export type {
  ConnectionState,
  PresenceChange,
  PresenceState,
  UserPresence,
} from './presence/presence-store.js';
export type { MessageCallback } from './pubsub/memory-pubsub.js';
export { MessageTooLarge } from './pubsub/pubsub.errors.js';
export { PubSub } from './pubsub/pubsub.js';
export type { PubSubOptions } from './pubsub/pubsub.js';
export { Sessions } from './sessions/sessions.js';
export type { SessionsOptions } from './sessions/sessions.js';
export type { Session } from './sessions/session-store.js';
