import { SentinelConnector, type Redis, type RedisOptions } from 'ioredis';
import type { NodeConnectorClass } from './node-connector.js';

/** ioredis declares it private. */
type Overridable = new (options: RedisOptions) => {
  connectToSentinel(endpoint: unknown, options?: RedisOptions): Redis;
};

/**
 * Finds the primary as that of ioredis does, which leaves the connections on which it waits for news of a failover
 * without a listener: every Sentinel that goes away would be printed on the console.
 */
class QuietSentinelConnector extends (SentinelConnector as unknown as Overridable) {
  override connectToSentinel(endpoint: unknown, options?: RedisOptions): Redis {
    const client = super.connectToSentinel(endpoint, options);
    client.on('error', () => undefined);
    return client;
  }
}

export const sentinelConnector = QuietSentinelConnector as unknown as NodeConnectorClass;
