import type { Database, DatabaseMode } from '../../../src/platform/database/database.js';
import { createTestDatabase } from '../../support/test-database.js';
import { testServers } from '../../support/test-servers.js';
import { USAGE_ENTITIES } from './usage-harness.js';

export interface UsageVariant {
  name: string;
  cache: 'memory' | 'redis';
  start(): Promise<{ database: Database; redisUrl?: string; stop(): Promise<void> }>;
}

const variant = (on: DatabaseMode, cache: UsageVariant['cache']): UsageVariant => ({
  name: `${on === 'embedded' ? 'PGlite' : 'PostgreSQL'}, cache in ${cache === 'redis' ? 'Redis' : 'memory'}`,
  cache,
  start: async () => {
    const { database, close } = await createTestDatabase({ on, entities: USAGE_ENTITIES });
    return { database, redisUrl: cache === 'redis' ? await testServers.redisUrl() : undefined, stop: close };
  },
});

/** The promises hold whatever the service runs on. */
export const VARIANTS = [
  variant('embedded', 'memory'),
  variant('embedded', 'redis'),
  variant('postgres', 'memory'),
  variant('postgres', 'redis'),
];

/** Both databases, with and without Redis, in as few runs as that takes. */
export const FEW_VARIANTS = [variant('embedded', 'memory'), variant('postgres', 'redis')];
