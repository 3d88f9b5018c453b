import { randomUUID } from 'node:crypto';
import { Api, expectStatus } from '../../test/support/api-client.js';
import { testServers } from '../../test/support/test-servers.js';
import { adminToken, TOKEN_SECRET } from '../../test/support/tokens.js';
import { startChild } from '../child-process.js';
import { buildService } from '../realtime/instances.js';

/** What an instance is started with. */
export interface ReadsSetup {
  /** Empty: none. */
  redisUrl: string;
  databaseUrl: string;
  secret: string;
  /** Of its keys in Redis. */
  name: string;
  /** Lifetimes by cache name; empty for those that the caches declare. */
  cacheTtls: string;
  /** Further ones. */
  settings?: Record<string, string>;
}

export interface ReadsInstance {
  url: string;
  close(): Promise<void>;
}

/** The service in a process of its own, on a new database of the run's PostgreSQL. */
export async function openInstance(redisUrl: string, name: string, cacheTtls = ''): Promise<ReadsInstance> {
  await buildService();
  const database = await (await testServers.postgres()).createDatabase();
  const child = startChild(new URL('../children/reads-instance.js', import.meta.url));
  const close = async (): Promise<void> => {
    await child.end();
    await database.drop();
  };
  try {
    const setup: ReadsSetup = { redisUrl, databaseUrl: database.url, secret: TOKEN_SECRET, name, cacheTtls };
    return { url: await child.ask<string>('start', setup), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Lifetimes so short that every read goes to the database: the service as it would be without caches. */
export async function noLifetimes(url: string): Promise<string> {
  const admin = new Api(url, await adminToken(randomUUID()));
  const stats = await admin.get<{ caches: { name: string }[] }>('/api/cache/stats');
  return expectStatus(200, stats)
    .caches.map(({ name }) => `${name}=1ms`)
    .join(',');
}
