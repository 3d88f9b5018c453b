import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Test, type TestingModule } from '@nestjs/testing';
import { RedisConnections } from '@rapport/redis';
import { loadSettings } from '../../../src/config/load-settings.js';
import { Disconnections } from '../../../src/connectors/connections/disconnecting.js';
import { ConnectorSettings } from '../../../src/connectors/connectors.settings.js';
import { AccessTokens } from '../../../src/connectors/grants/access-tokens.service.js';
import { OutboundClient } from '../../../src/connectors/outbound/outbound-client.js';
import { ProviderQuotasRepository } from '../../../src/connectors/quotas/provider-quotas.repository.js';
import { ProviderQuotas } from '../../../src/connectors/quotas/provider-quotas.service.js';
import type { ProviderQuota } from '../../../src/connectors/quotas/quotas.dto.js';
import { ProviderApi } from '../../../src/connectors/registry/provider-api.js';
import { ProviderBusy } from '../../../src/connectors/registry/provider-busy.js';
import { ProviderRequests } from '../../../src/connectors/registry/provider-requests.js';
import { Providers } from '../../../src/connectors/registry/providers.service.js';
import { Clock } from '../../../src/platform/clock/clock.js';
import { Database } from '../../../src/platform/database/database.js';
import { RateLimitSettings } from '../../../src/platform/rate-limit/rate-limit.settings.js';
import { RateLimiters } from '../../../src/platform/rate-limit/rate-limiters.js';
import { groundOf } from '../../support/feature-ground.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { testServers } from '../../support/test-servers.js';

/** One process of the service, as far as it asks platforms. */
interface Instance {
  api: ProviderApi;
  quotas: ProviderQuotas;
  providers: Providers;
  disconnections: Disconnections;
  close(): Promise<void>;
}

const JSON_TYPE = { 'content-type': 'application/json' };

let platform: Server;
let host: string;
let answer: RequestListener;
let asked: string[];
/** What the tokens' owner hands out next; the last one stays. */
let tokens: string[];
let rejected: (string | undefined)[];

const tokensOfTest: Pick<AccessTokens, 'get'> = {
  get: (_userId, _platform, refused) => {
    rejected.push(refused);
    return Promise.resolve(tokens.length > 1 ? tokens.shift()! : tokens[0]!);
  },
};

async function start(
  database: Database,
  environment: string,
  redisUrl?: string,
  limits = '',
): Promise<Instance> {
  const connections = new RedisConnections({ url: redisUrl });
  await connections.start();
  const ground = groundOf(database, connections, environment);
  const settings = loadSettings([ConnectorSettings], {
    CONNECTOR_TRUSTED_HOSTS: host,
    CONNECTOR_ENDPOINTS: `spotify.api=http://${host}/spotify,github.api=http://${host}/github`,
    CONNECTOR_LIMITS: limits,
  }).get(ConnectorSettings);
  const module: TestingModule = await Test.createTestingModule({
    imports: [ground.cache],
    providers: [
      ...ground.providers,
      { provide: ConnectorSettings, useValue: settings },
      { provide: RateLimitSettings, useValue: Object.assign(new RateLimitSettings(), { deadlineMs: 5_000 }) },
      { provide: AccessTokens, useValue: tokensOfTest },
      ...[Clock, RateLimiters, Disconnections, OutboundClient, Providers, ProviderRequests],
      ...[ProviderQuotasRepository, ProviderQuotas, ProviderApi],
    ],
  }).compile();
  await module.init();
  return {
    api: module.get(ProviderApi),
    quotas: module.get(ProviderQuotas),
    providers: module.get(Providers),
    disconnections: module.get(Disconnections),
    close: async () => {
      await module.close();
      connections.close();
    },
  };
}

async function newUser(database: Database): Promise<string> {
  const id = randomUUID();
  await database.manager.query(
    `INSERT INTO users (id, email, email_normalized, username, username_normalized) VALUES ($1, $2, $2, $2, $2)`,
    [id, `${id}@example.com`],
  );
  return id;
}

beforeAll(async () => {
  platform = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => platform.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(platform.address() as AddressInfo).port}`;
});

beforeEach(() => {
  asked = [];
  tokens = ['t1'];
  rejected = [];
  says(200, {});
});

afterAll(async () => {
  platform.closeAllConnections();
  await new Promise((resolve) => platform.close(resolve));
});

const says = (status: number, headers: Record<string, string>, body: unknown = []): void => {
  answer = (_request, response) =>
    void response.writeHead(status, { ...JSON_TYPE, ...headers }).end(JSON.stringify(body));
};

describe.each([
  ['PGlite, no Redis', 'embedded', false],
  ['PostgreSQL, Redis, two instances', 'postgres', true],
] as const)('limits of platforms (%s)', (_name, on, withRedis) => {
  let db: TestDatabase;
  let one: Instance;
  let other: Instance;
  let userId: string;

  beforeAll(async () => {
    db = await createTestDatabase({ on });
    const redisUrl = withRedis ? await testServers.redisUrl() : undefined;
    const environment = `limits-${randomUUID()}`;
    one = await start(db.database, environment, redisUrl);
    other = withRedis ? await start(db.database, environment, redisUrl) : one;
  }, 60_000);

  afterAll(async () => {
    await one.close();
    if (other !== one) await other.close();
    await db.close();
  });

  beforeEach(async () => {
    userId = await newUser(db.database);
    await db.database.manager.query('DELETE FROM provider_quotas');
  });

  const get = (instance: Instance, platformName = 'github'): Promise<unknown> =>
    instance.api.get(instance.providers.get(platformName), userId, '/x', undefined, { 'x-step': '1' });
  const busy = async (instance: Instance, platformName?: string): Promise<number> => {
    const error: unknown = await get(instance, platformName).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ProviderBusy);
    return Math.round(((error as ProviderBusy).until.getTime() - Date.now()) / 1000);
  };
  const quotaOf = async (instance: Instance, name: string, whose = userId): Promise<ProviderQuota> =>
    (await instance.quotas.ofUser(whose)).find((quota) => quota.platform === name)!;

  it('tells what is documented, as long as nothing is known', async () => {
    expect(await quotaOf(one, 'github')).toEqual({
      platform: 'github',
      bucket: 'account',
      limit: 5_000,
      remaining: null,
      resetsAt: null,
      observedAt: null,
      source: 'default',
    });
    expect((await one.quotas.ofUser(userId)).map(({ platform: name }) => name)).toHaveLength(5);
  });

  it('tells what the last answer said, on every instance at once', async () => {
    await quotaOf(other, 'github');
    const reset = String(Math.floor(Date.now() / 1000) + 600);
    says(200, { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4321', 'x-ratelimit-reset': reset });
    await get(one);
    for (const instance of [other, one]) {
      const quota = await quotaOf(instance, 'github');
      expect(quota).toMatchObject({ limit: 5_000, remaining: 4_321, source: 'header' });
      expect(Math.abs(Date.parse(quota.resetsAt!) - Number(reset) * 1000)).toBeLessThan(3_000);
    }
  });

  it("stops all processes until the time that a refusal names, and nobody else's account", async () => {
    says(429, { 'retry-after': '120' });
    await quotaOf(other, 'github');
    expect(await busy(one)).toBe(120);
    says(200, {});
    expect(await busy(other)).toBeGreaterThan(110);
    expect(asked).toHaveLength(1);
    expect(await quotaOf(other, 'github')).toMatchObject({ remaining: 0, source: '429' });
    userId = await newUser(db.database);
    await expect(get(other)).resolves.toMatchObject({ status: 200 });
  });

  it('stops everybody where the application is counted as a whole', async () => {
    const stranger = await newUser(db.database);
    await quotaOf(other, 'spotify', stranger);
    says(429, { 'retry-after': '30' }, 'Too many requests');
    expect(await busy(one, 'spotify')).toBe(30);
    expect(await quotaOf(other, 'spotify', stranger)).toMatchObject({
      bucket: 'app',
      remaining: 0,
      source: '429',
    });
    userId = stranger;
    expect(await busy(other, 'spotify')).toBeGreaterThan(25);
    expect(asked).toHaveLength(1);
  });

  it('asks no more when an answer has said that nothing is left', async () => {
    const reset = String(Math.floor(Date.now() / 1000) + 60);
    says(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset });
    await expect(get(one)).resolves.toMatchObject({ status: 200 });
    expect(await busy(other)).toBeGreaterThan(50);
    expect(asked).toHaveLength(1);
  });

  it('is not opened again by an answer that was on its way before the refusal', async () => {
    says(429, { 'retry-after': '120' });
    await busy(one);
    const provider = other.providers.get('github');
    const headers = new Headers({ 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': '9999999999' });
    await other.quotas.observe(provider, userId, { status: 200, headers, body: [] });
    says(200, {});
    expect(await busy(other)).toBeGreaterThan(110);
  });

  it('goes on when the time is over', async () => {
    says(429, { 'retry-after': '120' });
    await busy(one);
    await db.database.manager.query(
      `UPDATE provider_quotas SET blocked_until = now() - interval '1 second', resets_at = NULL`,
    );
    says(200, {});
    await expect(get(other)).resolves.toMatchObject({ status: 200 });
  });

  it('forgets what it knows with the connection, the account, and gives it to its owner', async () => {
    says(200, { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '9999999999' });
    await get(one);
    const { parts } = await one.quotas.export(userId);
    expect(JSON.parse(String(parts[0]!.content))).toMatchObject([{ platform: 'github', remaining: 7 }]);
    await quotaOf(other, 'github');
    await db.database.transaction(() => one.disconnections.run(userId, 'github'));
    expect(await quotaOf(other, 'github')).toMatchObject({ source: 'default' });
    const provider = one.providers.get('github');
    const headers = new Headers({ 'retry-after': '5' });
    await one.quotas.observe(provider, userId, { status: 429, headers, body: [] });
    expect(await quotaOf(other, 'github')).toMatchObject({ source: '429' });
    expect(await one.quotas.erase(userId)).toBe(false);
    expect(await quotaOf(other, 'github')).toMatchObject({ source: 'default' });
  });

  it('asks with the headers of the step and the API', async () => {
    answer = (request, response) =>
      void response.writeHead(200, JSON_TYPE).end(JSON.stringify(request.headers));
    await expect(get(one)).resolves.toMatchObject({
      body: { authorization: 'Bearer t1', 'x-step': '1', 'x-github-api-version': '2022-11-28' },
    });
    expect(asked).toEqual(['/github/x Bearer t1']);
  });

  it('renews a token once that is refused although it should hold', async () => {
    tokens = ['t1', 't2'];
    answer = (request, response) =>
      void response.writeHead(request.headers.authorization === 'Bearer t2' ? 200 : 401, JSON_TYPE).end('[]');
    await expect(get(one)).resolves.toMatchObject({ status: 200 });
    expect(rejected).toEqual([undefined, 't1']);
    tokens = ['t3'];
    await expect(get(one)).rejects.toMatchObject({
      code: 'upstream-failed',
      message: 'GitHub answered 401.',
      members: { upstreamStatus: 401 },
    });
    expect(asked).toHaveLength(4);
  });

  it('fails for every other answer', async () => {
    for (const status of [400, 403, 404, 500, 503]) {
      says(status, {});
      await expect(get(one)).rejects.toMatchObject({
        code: 'upstream-failed',
        members: { upstreamStatus: status },
      });
    }
  });

  it('shares a bucket between processes, and waits only a little for it', async () => {
    const url = withRedis ? await testServers.redisUrl() : undefined;
    const environment = `limits-${randomUUID()}`;
    // One at once, and one more every 100 ms.
    const first = await start(db.database, environment, url, 'github=3/300ms');
    const second = withRedis ? await start(db.database, environment, url, 'github=3/300ms') : first;
    try {
      const started = performance.now();
      await Promise.all([get(first), get(second), get(first), get(second)]);
      expect(performance.now() - started).toBeGreaterThan(270);
      expect(asked).toHaveLength(4);
    } finally {
      await first.close();
      if (second !== first) await second.close();
    }
    const slow = await start(db.database, `limits-${randomUUID()}`, url, 'github=1/1h');
    try {
      await get(slow);
      expect(await busy(slow)).toBeGreaterThan(3_500);
    } finally {
      await slow.close();
    }
  });

  it('ends a wait for the bucket with its caller', async () => {
    const slow = await start(db.database, `limits-${randomUUID()}`, undefined, 'github=1/1s');
    try {
      await get(slow);
      const why = new Error('stopped');
      const stopping = AbortSignal.abort(why);
      await expect(slow.api.get(slow.providers.get('github'), userId, '/x', stopping)).rejects.toBe(why);
    } finally {
      await slow.close();
    }
  });
});
