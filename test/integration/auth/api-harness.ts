import { Module, type Provider, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ApiKeyEntity } from '../../../src/auth/api-keys/api-key.entity.js';
import { AuthModule } from '../../../src/auth/auth.module.js';
import { RefreshTokenEntity } from '../../../src/auth/refresh-token.entity.js';
import { UserIdentityEntity } from '../../../src/auth/user-identity.entity.js';
import { SETTINGS } from '../../../src/config/app-config.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import { loadSettings } from '../../../src/config/load-settings.js';
import { Database, type DatabaseMode } from '../../../src/platform/database/database.js';
import { OPEN_DATABASE } from '../../../src/platform/database/database.module.js';
import { configureHttp } from '../../../src/platform/http/configure-http.js';
import { createHttpAdapter } from '../../../src/platform/http/http-adapter.js';
import { HttpPlatformModule } from '../../../src/platform/http/http-platform.module.js';
import { ServerSettings } from '../../../src/platform/http/server.settings.js';
import { PlatformModule } from '../../../src/platform/platform.module.js';
import { UserEntity } from '../../../src/users/user.entity.js';
import { createTestDatabase } from '../../support/test-database.js';

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface CallOptions {
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

export interface ApiHarness {
  app: NestFastifyApplication;
  database: Database;
  call<Body = Record<string, never>>(
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<Answer<Body>>;
  register(username: string): Promise<{ id: string; accessToken: string; refreshToken: string }>;
  close(): Promise<void>;
}

export interface ApiOptions {
  /** Environment variables over the test defaults. */
  settings?: Record<string, string>;
  on?: DatabaseMode;
  redisUrl?: string;
  controllers?: Type[];
  providers?: Provider[];
}

export const SECRET = 'integration-tests-sign-with-this-0123456789';
export const PASSWORD = 'correct horse battery';

/** How many answers had each status. */
export const tally = (answers: readonly { status: number }[]): Record<number, number> =>
  answers.reduce<Record<number, number>>(
    (counts, { status }) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }),
    {},
  );

/** Users and auth behind real HTTP on a real database, with cheap password hashes. */
export async function startApi(options: ApiOptions = {}): Promise<ApiHarness> {
  const { on, redisUrl, controllers = [], providers = [] } = options;
  const settings = loadSettings(SETTINGS, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    AUTH_SECRET: SECRET,
    PAGINATION_SECRET: SECRET,
    AUTH_ARGON2_MEMORY_KIB: '64',
    AUTH_ARGON2_PASSES: '1',
    REDIS_KEY_PREFIX: `test-${crypto.randomUUID()}`,
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    ...options.settings,
  });
  const open = await createTestDatabase({
    entities: [ApiKeyEntity, UserEntity, RefreshTokenEntity, UserIdentityEntity],
    on,
  });

  @Module({
    imports: [ConfigModule.forRoot(settings), PlatformModule, HttpPlatformModule, AuthModule],
    controllers,
    providers,
  })
  class ApiModule {}

  const module = await Test.createTestingModule({ imports: [ApiModule] })
    .overrideProvider(OPEN_DATABASE)
    .useValue(open)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(
    createHttpAdapter(settings.get(ServerSettings)),
    {
      logger: false,
    },
  );
  app.setGlobalPrefix('api');
  configureHttp(app);
  await app.listen(0, '127.0.0.1');
  const base = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/api`;

  const request = async (method: string, path: string, given: CallOptions = {}): Promise<Answer<unknown>> => {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
        ...given.headers,
      },
      body: given.body === undefined ? undefined : JSON.stringify(given.body),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  };

  // The caller says what it expects; the assertions that follow find out.
  const call = request as ApiHarness['call'];
  return {
    app,
    call,
    database: app.get(Database),
    close: () => app.close(),
    async register(username) {
      const { status, body } = await call<{
        user: { id: string };
        accessToken: string;
        refreshToken: string;
      }>('POST', '/auth/register', {
        body: { email: `${username}@example.org`, password: PASSWORD, username },
      });
      if (status !== 201) throw new Error(`Registering ${username} failed: ${JSON.stringify(body)}`);
      return { id: body.user.id, accessToken: body.accessToken, refreshToken: body.refreshToken };
    },
  };
}
