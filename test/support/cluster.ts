import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startPostgres, type OwnPostgresServer } from './postgres-server.js';
import { startBuilt, type BuiltService, type Settings } from './service.js';
import { testServers } from './test-servers.js';

/** Two processes of the built service on one PostgreSQL and one Redis. */
export interface Cluster {
  a: BuiltService;
  b: BuiltService;
  /** What both were started with. */
  settings: Settings;
  stop(): Promise<void>;
}

/** Same secrets, same database, a part of Redis to themselves. */
async function clusterSettings(databaseUrl: string): Promise<Settings> {
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: await testServers.redisUrl(),
    REDIS_KEY_PREFIX: `e2e-${randomBytes(6).toString('hex')}`,
    AUTH_SECRET: randomBytes(32).toString('base64'),
    PAGINATION_SECRET: randomBytes(32).toString('base64'),
  };
}

/** On a new database of the run's PostgreSQL, unless another URL is given. */
export async function startCluster(settings: Settings = {}, databaseUrl?: string): Promise<Cluster> {
  const server = databaseUrl === undefined ? await testServers.postgres() : undefined;
  const database = await server?.createDatabase();
  const all = { ...(await clusterSettings(databaseUrl ?? (database?.url as string))), ...settings };
  const [a, b] = await Promise.all([startBuilt(all), startBuilt(all)]);
  return {
    a,
    b,
    settings: all,
    stop: async () => {
      await Promise.all([a.stop(), b.stop()]);
      await database?.drop();
    },
  };
}

/** What a PostgreSQL server was asked while something ran, by its own log. */
export class StatementLog {
  private constructor(private readonly server: OwnPostgresServer) {}

  static async start(): Promise<StatementLog> {
    return new StatementLog(await startPostgres({ logStatements: true }));
  }

  get url(): string {
    return this.server.url;
  }

  /** The log keeps 500 lines, so `work` should be short. */
  async during(work: () => Promise<void>): Promise<string[]> {
    const from = await this.mark();
    await work();
    const to = await this.mark();
    const statements = this.server.statements();
    const indexOf = (mark: string): number => statements.findLastIndex((line) => line.includes(mark));
    if (indexOf(from) < 0) throw new Error('The statement log has rolled over; do less while watching.');
    return statements.slice(indexOf(from) + 1, indexOf(to));
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** A statement of our own that shows where the log stands; the log is read line by line, in order. */
  private async mark(): Promise<string> {
    const mark = `mark ${randomBytes(8).toString('hex')}`;
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 10_000 });
    await client.connect();
    await client.query(`SELECT '${mark}'`);
    await client.end();
    const deadline = Date.now() + 10_000;
    while (!this.server.statements().some((line) => line.includes(mark))) {
      if (Date.now() > deadline) throw new Error('PostgreSQL does not log its statements.');
      await new Promise((resolve) => setImmediate(resolve));
    }
    return mark;
  }
}
