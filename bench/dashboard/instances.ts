import { ChaosProxy } from '@rapport/cache/testing';
import pg from 'pg';
import { PlatformServer } from '../../test/support/platform-server.js';
import { testServers } from '../../test/support/test-servers.js';
import { TOKEN_SECRET } from '../../test/support/tokens.js';
import { startChild, type Child } from '../child-process.js';
import type { ReadsSetup } from '../platform-reads/instance.js';
import { buildService } from '../realtime/instances.js';
import type { Query } from './people.js';

/** What the service runs on: a new database behind a proxy that can be slow, and a platform to connect. */
export interface Ground {
  readonly proxy: ChaosProxy;
  readonly platform: PlatformServer;
  /** Past the proxy. */
  readonly query: Query;
  /** The service in a process of its own; without a Redis where there is no address of one. */
  start(name: string, redisUrl: string, settings?: Record<string, string>): Promise<DashboardService>;
  close(): Promise<void>;
}

/** A running service. */
export interface DashboardService {
  readonly url: string;
  /** Nanoseconds of processor time that it has used so far. */
  cpu(): Promise<number>;
}

export async function openGround(): Promise<Ground> {
  await buildService();
  const database = await (await testServers.postgres()).createDatabase();
  const url = new URL(database.url);
  const proxy = await ChaosProxy.start({ host: url.hostname, port: Number(url.port) });
  const platform = await PlatformServer.start();
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  url.host = `${proxy.host}:${proxy.port}`;
  const children: Child[] = [];
  return {
    proxy,
    platform,
    query: (sql, parameters) => direct.query(sql, parameters),
    start: async (name, redisUrl, settings = {}) => {
      const child = startChild(new URL('../children/reads-instance.js', import.meta.url));
      children.push(child);
      const setup: ReadsSetup = {
        redisUrl,
        databaseUrl: url.href,
        secret: TOKEN_SECRET,
        name,
        cacheTtls: '',
        settings: { ...platform.settings, ...settings },
      };
      const at = await child.ask<string>('start', setup);
      return { url: at, cpu: () => child.ask<number>('cpu') };
    },
    close: async () => {
      await Promise.all(children.map((child) => child.end()));
      await direct.end();
      await proxy.close();
      await platform.stop();
      await database.drop();
    },
  };
}
