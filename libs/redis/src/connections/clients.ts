import { Cluster, Redis, type RedisOptions } from 'ioredis';
import {
  topologyOf,
  type RedisClient,
  type RedisConnectionOptions,
  type RedisEndpoint,
} from './connection-options.js';
import { nodeConnector } from './node-connector.js';
import { sentinelConnector } from './sentinel-connector.js';

/** What differs between the connections of a process. */
interface Purpose {
  /** Shown in `CLIENT LIST`. */
  role: string;
  /** Commands may take as long as they like, and a connection that breaks stays broken. @default false */
  blocking?: boolean;
}

/** For commands; it connects when told to. On a Cluster, commands go to the primary of their key. */
export function createClient(options: RedisConnectionOptions, purpose: Purpose): RedisClient | undefined {
  switch (topologyOf(options)) {
    case 'none':
      return undefined;
    case 'cluster':
      return createCluster(options, purpose);
    default:
      return createRedis(options, purpose);
  }
}

/**
 * For subscriptions: always a plain connection, so that its loss is known. The subscription of a Cluster client moves
 * to another node in silence; this one is to any node, since what is published on one reaches all, and says when the
 * node has gone.
 */
export function createSubscriber(
  options: RedisConnectionOptions,
  role: string,
  commands: RedisClient | undefined,
): Redis | undefined {
  const topology = topologyOf(options);
  if (topology === 'none') return undefined;
  if (topology !== 'cluster') return createRedis(options, { role });
  const target = (): RedisEndpoint => {
    const node = someNode(options, commands as Cluster);
    // So that the client says where it is.
    Object.assign(subscriber.options, node);
    return node;
  };
  const subscriber = new Redis({
    ...behaviour(options, { role }),
    ...credentials(options),
    Connector: nodeConnector({ target }),
  });
  return subscriber;
}

/** A known node of the Cluster, or, before it is known, one of those it is looked for at. */
function someNode({ clusterNodes = [] }: RedisConnectionOptions, cluster: Cluster): RedisEndpoint {
  const known = cluster.nodes('all').map(({ options: { host = '', port = 0 } }) => ({ host, port }));
  const candidates = known.length ? known : clusterNodes;
  return candidates[Math.floor(Math.random() * candidates.length)] as RedisEndpoint;
}

function createRedis(options: RedisConnectionOptions, purpose: Purpose): Redis {
  const shared = behaviour(options, purpose);
  const { url, host, port, sentinels, sentinelName, sentinelPassword } = options;
  if (sentinels?.length) {
    const { tls } = credentials(options);
    return new Redis({
      ...shared,
      ...credentials(options),
      db: options.db ?? 0,
      sentinels: sentinels.map((sentinel) => ({ ...sentinel })),
      name: sentinelName ?? 'mymaster',
      sentinelPassword,
      ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
      sentinelCommandTimeout: options.commandTimeoutMs ?? 1_000,
      sentinelRetryStrategy: backoff(options),
      // Told by the Sentinels: a primary that was deposed in good order keeps its connections.
      failoverDetector: !purpose.blocking,
      Connector: sentinelConnector,
    });
  }
  const onReplica = (): void => {
    redis.emit('error', new Error('READONLY the server is a read-only replica'));
  };
  const Connector = nodeConnector({ onReplica });
  const redis: Redis = url
    ? new Redis(url, { ...shared, ...tlsOf(options), Connector })
    : new Redis({ ...shared, ...credentials(options), db: options.db ?? 0, host, port, Connector });
  return redis;
}

function createCluster(options: RedisConnectionOptions, purpose: Purpose): Cluster {
  const { connectTimeoutMs = 2_000, clusterNodes = [] } = options;
  const { retryStrategy: _, lazyConnect, enableOfflineQueue, ...redisOptions } = behaviour(options, purpose);
  return new Cluster([...clusterNodes], {
    lazyConnect,
    enableOfflineQueue,
    redisOptions: { ...redisOptions, ...credentials(options) },
    clusterRetryStrategy: purpose.blocking ? () => null : backoff(options),
    slotsRefreshTimeout: connectTimeoutMs,
    slotsRefreshInterval: 15_000,
    maxRedirections: 8,
    // A command in flight when a link broke may have run: it fails, it is not sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // A certificate names hosts, not the addresses they resolve to.
    ...(options.tls ? { dnsLookup: (host: string, done: DnsCallback) => done(null, host) } : {}),
  });
}

type DnsCallback = (error: NodeJS.ErrnoException | null, address: string) => void;

function behaviour(options: RedisConnectionOptions, { role, blocking = false }: Purpose): RedisOptions {
  const { name = 'rapport', commandTimeoutMs = 1_000, connectTimeoutMs = 2_000 } = options;
  return {
    connectionName: `${name}:${role}`,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: blocking ? undefined : commandTimeoutMs,
    // A command given while Redis is away fails at once: callers have a better answer than to wait.
    enableOfflineQueue: false,
    // A command in flight when the link breaks may have run; sending it again would run INCR twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Who subscribes does so again when the connection is ready: a failure in silence could not be caught.
    autoResubscribe: false,
    keepAlive: 10_000,
    // How long to wait before a server that loads its data is asked whether it still does.
    maxLoadingRetryTime: 500,
    // A server that hangs does not answer FIN either.
    disconnectTimeout: 250,
    retryStrategy: blocking ? () => null : backoff(options),
    // A server that has become a replica: a new connection finds the primary, or waits until there is one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

const credentials = ({ username, password, tls }: RedisConnectionOptions): RedisOptions => ({
  username,
  password,
  ...tlsOf({ tls }),
});

const tlsOf = ({ tls }: RedisConnectionOptions): RedisOptions =>
  tls ? { tls: tls === true ? {} : tls } : {};

/** Jitter, so that all instances do not come back in the same millisecond. */
const backoff =
  ({ maxBackoffMs = 2_000 }: RedisConnectionOptions) =>
  (attempt: number): number =>
    Math.min(maxBackoffMs, 50 * 2 ** Math.min(attempt - 1, 10)) * (0.75 + Math.random() / 4);
