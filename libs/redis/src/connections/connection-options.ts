import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Cluster, Redis } from 'ioredis';

/** A connection to a single server or a Sentinel group, or to a Cluster. */
export type RedisClient = Redis | Cluster;

/** `none`: no Redis is named. */
export type RedisTopology = 'none' | 'single' | 'sentinel' | 'cluster';

/** Where a server listens. */
export interface RedisEndpoint {
  host: string;
  port: number;
}

/** Limits of the connections for blocking commands; see {@link BlockingPool}. */
export interface BlockingPoolOptions {
  /** Connections kept open once the pool has been used. @default 5 */
  min?: number;
  /** @default 20 */
  max?: number;
  /** Milliseconds to wait for a free connection. @default 1000 */
  waitMs?: number;
  /** Callers that may wait at a time. @default 1000 */
  maxWaiting?: number;
  /** Milliseconds one use may last. @default 60000 */
  useMs?: number;
  /** Milliseconds after which an idle connection beyond `min` is closed. @default 30000 */
  idleMs?: number;
}

/**
 * Where Redis is and how long to wait for it. Without `url`, `host`, `sentinels` and `clusterNodes` there is no Redis,
 * and that is fine. User, password, database and TLS apply to the servers found through Sentinels or a Cluster, too.
 */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` (TLS), with user, password and database; wins over the single fields. */
  url?: string;
  host?: string;
  /** @default 6379 */
  port?: number;
  username?: string;
  password?: string;
  /** A Cluster has only 0. @default 0 */
  db?: number;
  /** TLS with the system's certificate authorities, or as told; a `rediss://` URL implies it. @default false */
  tls?: boolean | TlsOptions;
  /** The Sentinels that know the primary; with TLS they are asked over TLS, too. */
  sentinels?: readonly RedisEndpoint[];
  /** Name of the group the Sentinels watch. @default 'mymaster' */
  sentinelName?: string;
  /** Password of the Sentinels themselves. */
  sentinelPassword?: string;
  /** Some nodes of a Cluster; the others are found through them. */
  clusterNodes?: readonly RedisEndpoint[];
  /** Shown in `CLIENT LIST`, followed by the connection's role; also the prefix of the key that is probed. @default 'rapport' */
  name?: string;
  /** Milliseconds a command may wait for its answer. @default 1000 */
  commandTimeoutMs?: number;
  /** Milliseconds to establish a connection. @default 2000 */
  connectTimeoutMs?: number;
  /** Milliseconds between two reconnection attempts at most; they start at 50. @default 2000 */
  maxBackoffMs?: number;
  /** Milliseconds between the probes that discover silence and refused writes, and the longest they wait. @default 1000 */
  heartbeatMs?: number;
  /** Milliseconds between two looks at memory and replication. @default 15000 */
  inspectMs?: number;
  pool?: BlockingPoolOptions;
  /** Percent of maxmemory from which a warning is logged. @default 80 */
  memoryWarnPercent?: number;
  /** Percent of maxmemory from which an error is logged. @default 95 */
  memoryAlertPercent?: number;
}

/**
 * Which of the ways to name a Redis is used.
 *
 * @throws when more than one is
 */
export function topologyOf({ url, host, sentinels, clusterNodes }: RedisConnectionOptions): RedisTopology {
  const named: RedisTopology[] = [];
  if (url || host) named.push('single');
  if (sentinels?.length) named.push('sentinel');
  if (clusterNodes?.length) named.push('cluster');
  if (named.length > 1) {
    throw new Error(`Redis is named as ${named.join(' and ')} at once; keep one of them.`);
  }
  return named[0] ?? 'none';
}

/** For log lines: where Redis is looked for, without credentials. */
export function addressOf(options: RedisConnectionOptions): string {
  const list = (endpoints: readonly RedisEndpoint[] = []): string =>
    endpoints.map(({ host, port }) => `${host}:${port}`).join(', ');
  switch (topologyOf(options)) {
    case 'none':
      return 'nowhere';
    case 'sentinel':
      return `${options.sentinelName ?? 'mymaster'} of the Sentinels ${list(options.sentinels)}`;
    case 'cluster':
      return `the Cluster ${list(options.clusterNodes)}`;
    case 'single':
      return options.url ? addressOfUrl(options.url) : singleAddress(options);
  }
}

const singleAddress = ({ host, port, db }: { host?: string; port?: string | number; db?: string | number }) =>
  `${host}:${port || 6379}/${db || 0}`;

function addressOfUrl(url: string): string {
  const { hostname: host, port, pathname } = new URL(url);
  return singleAddress({ host, port, db: pathname.slice(1) });
}
