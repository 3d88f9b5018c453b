export { ChaosProxy, type ChaosProxyOptions, type ChaosScope } from './chaos-proxy.js';
export type { ChaosConnection, ChaosWay } from './chaos-connection.js';
export {
  checkCacheModule,
  type CheckCacheModuleOptions,
  type CheckedInstance,
  type CheckedSource,
  type CheckedWrite,
} from './check-cache-module.js';
export { Breach, type Promised, type Versioned } from './checker.js';
export { ExplorerFailure, type Exploration, type Script } from './explore.js';
export type { FaultKind } from './faults.js';
export type { TwinLink, TwinProcess } from './twin-process.js';
export { TwinRedis, type TwinRedisOptions } from './twin-redis.js';
export { VirtualClock } from './virtual-clock.js';
