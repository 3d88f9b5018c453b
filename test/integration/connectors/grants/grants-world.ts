import { randomBytes, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createLogger } from '../../../../src/platform/logging/logger.js';
import { RefreshTimes } from '../../../../src/connectors/grants/refresh-times.js';
import { AccessTokens } from '../../../../src/connectors/grants/access-tokens.service.js';
import { expectStatus, newPerson, type Api, type Person } from '../../../support/api-client.js';
import { AuthorizationServer, FaultyServer } from '../../../support/authorization-server.js';
import { eventually } from '../../../support/eventually.js';
import type { PostgresDatabase } from '../../../support/postgres-server.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { startApp, type RunningApp } from '../../../support/running-app.js';
import { testServers } from '../../../support/test-servers.js';

const PUBLIC_URL = 'https://rapport.test';
const CALLBACK = `${PUBLIC_URL}/api/connectors/oidc/callback`;
export const RETURN_URL = `${PUBLIC_URL}/settings`;
export const CONNECTORS = '/api/connectors';

export const codeOf = (text: string): string => (JSON.parse(text) as { code: string }).code;

/** What a browser that is sent on brings along. */
export const onward = (response: Response): Record<string, string> =>
  Object.fromEntries(new URL(response.headers.get('location') ?? '').searchParams);

/** What both instances seal with, and what they can read besides. */
export const TOKEN_KEY = `k1:${randomBytes(32).toString('base64')}`;
export const NEXT_KEY = `k_2:${randomBytes(32).toString('base64')}`;

export interface Shown {
  platform: string;
  status: string;
  scopes: string[];
  expiresAt: string | null;
  error?: { code: string };
}

/** Somebody's browser that has begun to connect a platform. */
export interface Begun {
  authorizationUrl: string;
  state: string;
  cookie: string;
  setCookie: string;
}

/** Two instances of the service on one PostgreSQL and one Redis, and an authorisation server beside them. */
export class GrantsWorld {
  /** States, nonces and codes of whoever was on the way. */
  readonly seen: string[] = [];
  private people = 0;

  private constructor(
    readonly server: AuthorizationServer,
    /** Taken for Google. */
    readonly faulty: FaultyServer,
    readonly redis: RedisServer,
    readonly sql: pg.Client,
    private readonly database: PostgresDatabase,
    /** What both instances were started with. */
    readonly settings: Record<string, string>,
    readonly apps: readonly [RunningApp, RunningApp],
    /** Whatever both have logged and answered. */
    readonly heard: string[],
  ) {}

  static async start(): Promise<GrantsWorld> {
    const [server, faulty, redis, database] = await Promise.all([
      AuthorizationServer.start(CALLBACK),
      FaultyServer.start(),
      // What is dumped is to be read, so it is not compressed.
      startRedis({ args: ['--rdbcompression', 'no'] }),
      testServers.postgres().then((postgres) => postgres.createDatabase()),
    ]);
    const sql = new pg.Client({ connectionString: database.url, query_timeout: 10_000 });
    await sql.connect();
    const settings = {
      CONNECTOR_OIDC_ISSUER: server.issuer,
      CONNECTOR_OIDC_CLIENT_ID: 'rapport',
      CONNECTOR_OIDC_CLIENT_SECRET: 'the secret of the client',
      CONNECTOR_GOOGLE_CLIENT_ID: 'rapport',
      CONNECTOR_GOOGLE_CLIENT_SECRET: 'another secret of the client',
      CONNECTOR_ENDPOINTS: `google.issuer=${faulty.issuer},google.api=${faulty.issuer},google.revoke=${faulty.issuer}/revoke`,
      CONNECTOR_TRUSTED_HOSTS: `${server.host},${faulty.host}`,
      PUBLIC_URL,
      // On a busy machine, too, what is cached is to be read.
      CACHE_DEADLINE: '2s',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      REDIS_KEY_PREFIX: `grants-${randomUUID()}`,
      PAGINATION_SECRET: randomBytes(32).toString('base64'),
      CONNECTOR_TOKEN_KEYS: `${TOKEN_KEY},${NEXT_KEY}`,
    };
    const heard: string[] = [];
    const write = (line: string): void => void heard.push(line);
    const logger = createLogger({ level: 'trace' } as never, { write });
    const start = (): Promise<RunningApp> => startApp(settings, (app) => app.useLogger(logger));
    return new GrantsWorld(
      server,
      faulty,
      redis,
      sql,
      database,
      settings,
      [await start(), await start()],
      heard,
    );
  }

  get a(): string {
    return this.apps[0].url;
  }

  get b(): string {
    return this.apps[1].url;
  }

  /** On the first instance. */
  person(): Promise<Person> {
    return newPerson(this.a);
  }

  tokens(instance: 0 | 1 = 0): AccessTokens {
    return this.apps[instance].app.get(AccessTokens, { strict: false });
  }

  /** On both instances, for the time of `work`. */
  async withTimes(times: Partial<RefreshTimes>, work: () => Promise<void>): Promise<void> {
    const all = this.apps.map(({ app }) => app.get(RefreshTimes, { strict: false }));
    const before = all.map((each) => ({ ...each }));
    for (const each of all) Object.assign(each, times);
    await work().finally(() => all.forEach((each, index) => Object.assign(each, before[index])));
  }

  /** Remembers what is answered. */
  async ask(api: Api, path: string, init: RequestInit = {}): Promise<{ response: Response; text: string }> {
    const response = await api.fetch(path, { redirect: 'manual', ...init });
    const text = await response.text();
    this.heard.push(text, JSON.stringify([...response.headers]));
    return { response, text };
  }

  async begin(person: Person, more: object = {}, platform = 'oidc'): Promise<Begun> {
    const answer = await person.post<Begun>(`/api/connectors/${platform}/authorizations`, {
      returnUrl: RETURN_URL,
      ...more,
    });
    const { authorizationUrl, state } = expectStatus(201, answer);
    const setCookie = answer.headers.get('set-cookie') ?? '';
    const cookie = setCookie.split(';', 1)[0] ?? '';
    this.seen.push(state, cookie.replace(/^[^=]*=/, ''));
    return { authorizationUrl, state, setCookie, cookie };
  }

  /** A browser that comes back, to an instance of its load balancer's choice. */
  comeBack(
    api: Api,
    address: URL,
    { cookie, accept = 'text/html' }: { cookie?: string; accept?: string },
  ): Promise<{ response: Response; text: string }> {
    this.seen.push(...address.searchParams.getAll('code'));
    return this.ask(api, address.pathname + address.search, {
      headers: { accept, ...(cookie ? { cookie } : {}), authorization: '' },
    });
  }

  /** All the way, as a person who says yes. */
  async connect(
    person: Person,
    as = `account-${this.people++}`,
    more: object = {},
  ): Promise<{ address: URL; begun: Begun }> {
    const begun = await this.begin(person, more);
    const address = await this.server.visitAs(begun.authorizationUrl, as);
    const { response } = await this.comeBack(person, address, begun);
    const location = new URL(response.headers.get('location') ?? 'about:blank');
    if (location.searchParams.get('result') !== 'connected')
      throw new Error(`Not connected: ${response.status}, ${location.href}`);
    return { address, begun };
  }

  async shown(person: Api, platform = 'oidc'): Promise<Shown> {
    const { text } = await this.ask(person, `/api/connectors/${platform}`);
    return JSON.parse(text) as Shown;
  }

  async statusOn(person: Person): Promise<string[]> {
    const views = await Promise.all([this.a, this.b].map((url) => this.shown(person.at(url))));
    return views.map(({ status }) => status);
  }

  /** Until nothing is left to be given back to platforms: who counts that begins there. */
  async givenBack(): Promise<void> {
    await eventually('all grants to be given back', async () => {
      const { rowCount } = await this.sql.query('SELECT 1 FROM connector_revocations');
      return rowCount === 0 ? true : undefined;
    });
  }

  /** As if an hour had gone by. */
  async letExpire(person: Person): Promise<void> {
    await this.sql.query(
      `UPDATE connector_accounts SET expires_at = now() - interval '1 minute' WHERE user_id = $1`,
      [person.user.id],
    );
  }

  /** Everything in Redis, whatever its type, as one text. */
  async everythingInRedis(): Promise<string> {
    const redis = new Redis(this.redis.url);
    const parts: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'COUNT', 1_000);
      cursor = next;
      for (const key of keys) parts.push(key, ((await redis.dumpBuffer(key)) ?? '').toString('latin1'));
    } while (cursor !== '0');
    redis.disconnect();
    return parts.join('\n');
  }

  /** Every row of every table, as one text. */
  async everythingInTables(): Promise<string> {
    const { rows } = await this.sql.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const texts: string[] = [];
    for (const { name } of rows) {
      const table = await this.sql.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`);
      texts.push(...table.rows.map(({ row }) => row));
    }
    return texts.join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()));
    await this.sql.end();
    await Promise.all([this.database.drop(), this.redis.stop(), this.server.stop(), this.faulty.stop()]);
  }
}
