import { once } from 'node:events';
import { Injectable, Module, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { CharacterEntity, CharacterHeadEntity } from '../../../src/characters/character.entity.js';
import { CharacterAssetEntity } from '../../../src/characters/gallery/character-asset.entity.js';
import { CharactersModule } from '../../../src/characters/characters.module.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import { LoadedSettings } from '../../../src/config/load-settings.js';
import type { SettingsClass } from '../../../src/config/setting.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { ClockModule } from '../../../src/platform/clock/clock.module.js';
import { Database, type DatabaseMode } from '../../../src/platform/database/database.js';
import { EventsModule } from '../../../src/platform/events/events.module.js';
import { RedisSettings } from '../../../src/platform/redis/redis.settings.js';
import { RuntimeSettings } from '../../../src/config/runtime.settings.js';
import { platformErrors } from '../../../src/platform/errors/platform.errors.js';
import { configureHttp } from '../../../src/platform/http/configure-http.js';
import { createHttpAdapter } from '../../../src/platform/http/http-adapter.js';
import { HttpPlatformModule } from '../../../src/platform/http/http-platform.module.js';
import { ServerSettings } from '../../../src/platform/http/server.settings.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { PeriodicModule } from '../../../src/platform/jobs/periodic.module.js';
import { PaginationModule } from '../../../src/platform/pagination/pagination.module.js';
import { PaginationSettings } from '../../../src/platform/pagination/pagination.settings.js';
import { RateLimitSettings } from '../../../src/platform/rate-limit/rate-limit.settings.js';
import { cacheOver } from '../../support/feature-ground.js';
import { ObservedModule } from '../../support/observed.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

/** Takes `Bearer <id> <role>` at its word. */
@Injectable()
class TrustingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: { authorization?: string }; actor?: Actor }>();
    const [, id, role] = request.headers.authorization?.split(' ') ?? [];
    if (!id) throw platformErrors.unauthenticated('Send a token.');
    request.actor = { id, role: role === 'admin' ? 'admin' : 'user' };
    return true;
  }
}

export interface Answer<Body> {
  status: number;
  headers: Record<string, string>;
  body: Body;
}

type Send = <Body = Record<string, unknown>>(
  actor: Actor | undefined,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options?: { body?: unknown; headers?: Record<string, string> },
) => Promise<Answer<Body>>;

export interface CharactersApp {
  app: NestFastifyApplication;
  database: Database;
  send: Send;
  user(role?: Actor['role']): Promise<Actor>;
  close(): Promise<void>;
}

/** The characters feature behind the real HTTP conventions, with the cache in memory or, given an url, on Redis. */
export async function startCharacters({
  redisUrl,
  on,
}: { redisUrl?: string; on?: DatabaseMode } = {}): Promise<CharactersApp> {
  const db: TestDatabase = await createTestDatabase({
    on,
    entities: [CharacterEntity, CharacterHeadEntity, CharacterAssetEntity],
  });
  const { database } = db;
  const connections = redisUrl ? [new Redis(redisUrl), new Redis(redisUrl)] : [];
  await Promise.all(connections.map((connection) => once(connection, 'ready')));
  const [commands, subscriber] = connections;

  @Module({
    providers: [{ provide: Database, useValue: database }],
    exports: [Database],
  })
  class TestDatabaseModule {}

  const server = new ServerSettings();
  const pagination = Object.assign(new PaginationSettings(), {
    secret: 'c2lnbnMgY3Vyc29ycyBpbiB0aGlzIHRlc3Qgb25seSE=',
  });
  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot(
        new LoadedSettings(
          new Map<SettingsClass, object>([
            [ServerSettings, server],
            [PaginationSettings, pagination],
            [RateLimitSettings, new RateLimitSettings()],
            [RedisSettings, new RedisSettings()],
            [RuntimeSettings, new RuntimeSettings()],
          ]),
        ),
      ),
      { module: TestDatabaseModule, global: true },
      cacheOver(database, { commands, subscriber }, `characters-test-${newId()}`),
      ClockModule,
      PeriodicModule,
      PaginationModule,
      ObservedModule,
      EventsModule,
      HttpPlatformModule,
      CharactersModule,
    ],
    providers: [{ provide: APP_GUARD, useClass: TrustingGuard }],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(server), {
    logger: ['fatal', 'error'],
  });
  app.setGlobalPrefix('api');
  configureHttp(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();

  const send: Send = async (actor, method, path, { body, headers } = {}) => {
    const mediaType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await app.inject({
      method,
      url: `/api${path}`,
      payload: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        ...(actor ? { authorization: `Bearer ${actor.id} ${actor.role}` } : {}),
        ...(body === undefined ? {} : { 'content-type': mediaType }),
        ...headers,
      },
    });
    return {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
      body: (answer.body === '' ? undefined : answer.json()) as never,
    };
  };

  return {
    app,
    database,
    send,
    user: async (role = 'user') => {
      const id = newId();
      await database.manager.query(
        'INSERT INTO users (id, email, email_normalized, username, username_normalized) VALUES ($1, $2, $2, $2, $2)',
        [id, `user-${id}`],
      );
      return { id, role };
    },
    close: async () => {
      await app.close();
      for (const connection of connections) connection.disconnect();
      await db.close();
    },
  };
}
