// The service as `npm run build` leaves it, told to append to its event log without the REST call and the database write
// that would stand before it.
import 'reflect-metadata';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MESSAGE, serveInstance, streamOf } from '../realtime/instance.js';

interface App {
  get<T>(token: unknown): T;
}

interface Bootstrap {
  createApp(environment: Record<string, string>): Promise<App>;
  serve(app: App): Promise<string>;
}

interface EventLog {
  append(event: { stream: string; type: string; data: object }): Promise<unknown>;
}

const built = async <T>(file: string): Promise<T> =>
  (await import(pathToFileURL(resolve('dist/src', file)).href)) as T;

serveInstance(async ({ redisUrl, databaseUrl, secret }) => {
  const service = await built<Bootstrap>('bootstrap.js');
  const { EventLog } = await built<{ EventLog: unknown }>('platform/events/event-log.service.js');
  const app = await service.createApp({
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: 'bench',
    AUTH_SECRET: secret,
    AUTH_ACCESS_TTL: '1h',
    AUTH_ARGON2_MEMORY_KIB: '64',
    AUTH_ARGON2_PASSES: '1',
    PAGINATION_SECRET: secret,
    SOCKET_MAX_PER_USER: '100000',
    SOCKET_MAX_PER_ADDRESS: '100000',
    SOCKET_HANDSHAKES_PER_MINUTE: '1000000',
  });
  const url = await service.serve(app);
  const log = app.get<EventLog>(EventLog);
  return {
    url,
    tell: (conversationId, data) => log.append({ stream: streamOf(conversationId), type: MESSAGE, data }),
  };
});
