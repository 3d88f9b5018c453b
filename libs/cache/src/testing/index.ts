export { ChaosProxy, type ChaosProxyOptions, type ChaosScope } from './chaos-proxy.js';
export type { ChaosConnection, ChaosWay } from './chaos-connection.js';
