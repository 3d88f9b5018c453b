import 'reflect-metadata';
import {
  Global,
  Module,
  type CanActivate,
  type ExecutionContext,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisConnections } from '@rapport/redis';
import type { Actor } from '../../src/platform/actor/actor.js';
import { Database } from '../../src/platform/database/database.js';
import { Degradations } from '../../src/platform/degraded/degradations.js';
import { configureHttp } from '../../src/platform/http/configure-http.js';
import { createHttpAdapter } from '../../src/platform/http/http-adapter.js';
import { HttpPlatformModule } from '../../src/platform/http/http-platform.module.js';
import { ServerSettings } from '../../src/platform/http/server.settings.js';
import { PeriodicModule } from '../../src/platform/jobs/periodic.module.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { PaginationModule } from '../../src/platform/pagination/pagination.module.js';
import { PaginationSettings } from '../../src/platform/pagination/pagination.settings.js';

export interface HttpTestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** `fetch` of a path of this application. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface HttpTestAppOptions {
  controllers: Type<unknown>[];
  providers?: Provider[];
  settings?: Partial<ServerSettings>;
  /** Needed by what stores keys or reads lists; without one, such a route fails. */
  database?: Database;
  /** Receives the JSON lines of the log. */
  log?: (line: string) => void;
}

/** The caller is whoever `X-Actor` names, as if a token had said so. */
class NamedActorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; actor?: Actor }>();
    const id = request.headers['x-actor'];
    if (id !== undefined) request.actor = { id, role: 'user' };
    return true;
  }
}

/** The HTTP platform with the given controllers, listening on a free port. */
export async function startHttpApp(options: HttpTestAppOptions): Promise<HttpTestApp> {
  const settings = Object.assign(new ServerSettings(), options.settings);
  const pagination = Object.assign(new PaginationSettings(), {
    secret: 'a test secret of sufficient length',
  });
  const shared: Provider[] = [
    { provide: ServerSettings, useValue: settings },
    { provide: PaginationSettings, useValue: pagination },
    { provide: Database, useValue: options.database ?? {} },
    { provide: RedisConnections, useValue: new RedisConnections({}) },
    Metrics,
    Degradations,
  ];
  @Global()
  @Module({ providers: shared, exports: shared })
  class SharedModule {}
  @Module({
    imports: [SharedModule, PeriodicModule, PaginationModule, HttpPlatformModule],
    controllers: options.controllers,
    providers: [...(options.providers ?? []), { provide: APP_GUARD, useClass: NamedActorGuard }],
  })
  class TestModule {}

  const { log } = options;
  const logger = createLogger({ level: log ? 'trace' : 'silent' }, { write: (line) => log?.(line) });
  const app = await NestFactory.create<NestFastifyApplication>(TestModule, createHttpAdapter(settings), {
    logger,
    bodyParser: false,
  });
  configureHttp(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    fetch: (path, init) => fetch(`${url}${path}`, init),
    close: () => app.close(),
  };
}
