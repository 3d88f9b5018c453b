import { Redis, type RedisOptions } from 'ioredis';

/** Where Redis is and how long to wait for it. Without `url` and `host` there is no Redis, and that is fine. */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` (TLS), with user, password and database; wins over the single fields. */
  url?: string;
  host?: string;
  /** @default 6379 */
  port?: number;
  username?: string;
  password?: string;
  /** @default 0 */
  db?: number;
  /** TLS with the system's certificate authorities; a `rediss://` URL implies it. @default false */
  tls?: boolean;
  /** Shown in `CLIENT LIST`, followed by the connection's role. @default 'rapport' */
  name?: string;
  /** Milliseconds a command may wait for its answer. @default 1000 */
  commandTimeoutMs?: number;
  /** Milliseconds to establish a connection. @default 2000 */
  connectTimeoutMs?: number;
  /** Milliseconds between two reconnection attempts at most; they start at 50. @default 2000 */
  maxBackoffMs?: number;
  /** Milliseconds between the pings that discover a link which is open but silent. @default 5000 */
  heartbeatMs?: number;
}

/** Redis, or undefined when the options name none. It connects when told to. */
export function createClient(options: RedisConnectionOptions, role: string): Redis | undefined {
  const { url, host, port = 6379, username, password, db = 0, tls = false } = options;
  const {
    name = 'rapport',
    commandTimeoutMs = 1_000,
    connectTimeoutMs = 2_000,
    maxBackoffMs = 2_000,
  } = options;
  if (!url && !host) return undefined;
  const behaviour: RedisOptions = {
    connectionName: `${name}:${role}`,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    // A command given while Redis is away fails at once: callers have a better answer than to wait.
    enableOfflineQueue: false,
    // A command in flight when the link breaks may have run; sending it again would run INCR twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Who subscribes does so again when the connection is ready: a failure in silence could not be caught.
    autoResubscribe: false,
    keepAlive: 10_000,
    // A server that hangs does not answer FIN either.
    disconnectTimeout: 250,
    // Jitter, so that all instances do not come back in the same millisecond.
    retryStrategy: (attempt) =>
      Math.min(maxBackoffMs, 50 * 2 ** Math.min(attempt - 1, 10)) * (0.75 + Math.random() / 4),
    // After a failover the old primary answers READONLY; a new connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  if (url) return new Redis(url, behaviour);
  return new Redis({ ...behaviour, host, port, username, password, db, ...(tls ? { tls: {} } : {}) });
}

/** `host:port/db` of a client, without credentials. */
export const addressOf = ({ options: { host, port, db } }: Redis): string => `${host}:${port}/${db}`;
