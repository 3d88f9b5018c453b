import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, WorkerModule } from './app.module.js';
import { DemoAccount } from './auth/demo-account.js';
import { DemoCharacters } from './characters/demo-characters.js';
import { GenerationRunner } from './conversations/generations/generation-runner.service.js';
import { SETTINGS } from './config/app-config.js';
import type { Environment } from './config/environment.js';
import { loadSettings } from './config/load-settings.js';
import { HealthService } from './health/health.service.js';
import { OpenAiChat } from './openai/openai-chat.service.js';
import { DatabaseSettings } from './platform/database/database.settings.js';
import { StartupError } from './platform/errors/startup-error.js';
import { JobRunner } from './platform/jobs/job-runner.service.js';
import { configureHttp } from './platform/http/configure-http.js';
import { createHttpAdapter } from './platform/http/http-adapter.js';
import { ServerSettings } from './platform/http/server.settings.js';
import { SseConnections } from './platform/http/sse-connections.js';
import { LogSettings } from './platform/logging/log.settings.js';
import { createLogger } from './platform/logging/logger.js';
import { setupOpenApi } from './platform/openapi/openapi.js';
import { OpenRequests } from './platform/shutdown/open-requests.js';
import { Shutdown } from './platform/shutdown/shutdown.js';
import { RealtimeGateway } from './realtime/realtime.gateway.js';
import { SocketIoAdapter } from './realtime/socket-io.adapter.js';
import { VERSION } from './version.js';

const OUTSIDE_API = ['livez', 'readyz', 'startupz', 'metrics', 'openai/v1/*path'];
/** For what has just been said to reach who follows it. */
const LAST_EVENTS_MS = 250;
/** Milliseconds that requests may still take when everything else has ended. */
const LAST_REQUESTS_MS = 3_000;
const openRequests = new WeakMap<INestApplicationContext, OpenRequests>();

/**
 * The application, not yet listening. Tests call it with their own environment.
 * @throws StartupError when a setting is wrong or the database cannot be opened
 */
export async function createApp(environment: Environment): Promise<NestFastifyApplication> {
  const settings = loadSettings(SETTINGS, environment);
  const server = settings.get(ServerSettings);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(settings),
    createHttpAdapter(server),
    // JSON is read by the adapter; Nest would also read forms, which no route takes.
    { logger: createLogger(settings.get(LogSettings)), abortOnError: false, bodyParser: false },
  );
  app.setGlobalPrefix('api', { exclude: OUTSIDE_API });
  openRequests.set(app, new OpenRequests(app.getHttpServer()));
  app.useWebSocketAdapter(new SocketIoAdapter(app));
  configureHttp(app);
  setupOpenApi(app, { version: VERSION, publicUrl: server.publicUrl });
  return app;
}

/**
 * A worker: no HTTP, no sockets. It runs jobs, whatever RUN_JOBS says to the API that shares its environment.
 * @throws StartupError also without DATABASE_URL, for an embedded database belongs to one process
 */
export async function createWorker(environment: Environment): Promise<INestApplicationContext> {
  const settings = loadSettings(SETTINGS, { ...environment, RUN_JOBS: 'true' });
  if (!settings.get(DatabaseSettings).url) {
    throw new StartupError(
      'A worker shares the database with the API, and an embedded one belongs to a single process.',
      'Set DATABASE_URL to the PostgreSQL of the API; without one the API does the work of the worker itself.',
    );
  }
  return NestFactory.createApplicationContext(WorkerModule.forRoot(settings), {
    logger: createLogger(settings.get(LogSettings)),
    abortOnError: false,
  });
}

/** Puts the demo data in place, listens, and lets the probes say so. Answers the base URL. */
export async function serve(app: NestFastifyApplication): Promise<string> {
  await app.init();
  const { userId } = await app.get(DemoAccount).ensure();
  if (userId) await app.get(DemoCharacters).ensure(userId);
  const { host, port } = app.get(ServerSettings);
  try {
    await app.listen(port, host);
  } catch (cause) {
    throw listenFailure(cause, host, port);
  }
  app.get(HealthService).started = true;
  const address = app.getHttpServer().address() as AddressInfo;
  return `http://${['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : host}:${address.port}`;
}

/**
 * Leaves without anybody losing anything (contract 2.12): says "not ready" and goes on serving until load balancers have
 * noticed, then takes on nothing that lasts, lets replies end, and sends streams and sockets elsewhere.
 */
export async function drain(app: NestFastifyApplication): Promise<void> {
  const shutdown = app.get(Shutdown);
  const gateway = app.get(RealtimeGateway);
  shutdown.enter('leaving');
  await sleep(app.get(ServerSettings).drainDelayMs);
  shutdown.enter('draining');
  gateway.announceDraining();
  const [wasBusy] = await Promise.all([
    app.get(GenerationRunner).finish(),
    app.get(JobRunner).finish(),
    app.get(OpenAiChat).finish(),
  ]);
  // The last events of those replies are still on their way to who follows them.
  if (wasBusy) await sleep(LAST_EVENTS_MS);
  await Promise.all([app.get(SseConnections).endAll(), gateway.sendAway()]);
  shutdown.enter('closing');
  openRequests.get(app)?.closeWhenAnswered(LAST_REQUESTS_MS);
}

/** Milliseconds after which a process that is still stopping is ended. */
export const graceOf = (app: INestApplicationContext): number => app.get(ServerSettings).shutdownGraceMs;

function listenFailure(cause: unknown, host: string, port: number): unknown {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new StartupError(
        `Port ${port} is taken by another process.`,
        'Stop that process, or choose another port: PORT=3001 npm start',
        { cause },
      );
    case 'EACCES':
      return new StartupError(
        `Port ${port} may not be opened by this user.`,
        'Choose a port above 1023: PORT=3000 npm start',
        { cause },
      );
    case 'EADDRNOTAVAIL':
      return new StartupError(
        `HOST ${host} is not an address of this computer.`,
        'Use HOST=127.0.0.1 (this computer only) or HOST=0.0.0.0 (everybody).',
        { cause },
      );
    default:
      return cause;
  }
}
