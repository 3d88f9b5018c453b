import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/bootstrap.js';
import { copyMadeDatabase } from './service.js';
import { createMigratedDatabase } from './test-database.js';
import { TOKEN_SECRET } from './tokens.js';

export interface RunningApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The whole service in this process, on a free port and, unless told otherwise, a database of its own on the run's server.
 *
 * @param settings `DATABASE_URL: ''` for an embedded one
 * @param prepare what is to be there before anybody can connect
 */
export async function startApp(
  settings: Record<string, string> = {},
  prepare: (app: NestFastifyApplication) => void = () => undefined,
): Promise<RunningApp> {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-app-'));
  const { DATABASE_URL: given } = settings;
  const database = given === undefined ? await createMigratedDatabase() : undefined;
  if (given === '') await copyMadeDatabase(join(directory, 'data'));
  const app = await createApp({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATA_DIR: join(directory, 'data'),
    AI_OFFLINE_DELAY: '0ms',
    AUTH_SECRET: TOKEN_SECRET,
    AUTH_ARGON2_MEMORY_KIB: '64',
    AUTH_ARGON2_PASSES: '1',
    BURST_LIMIT: '100000',
    ...(database ? { DATABASE_URL: database.url } : {}),
    ...settings,
  });
  await app.init();
  prepare(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      // A server that closes waits for connections that never sent a request, and clients keep some of those.
      const letGo = setInterval(() => app.getHttpServer().closeAllConnections(), 20);
      await app.close().finally(() => clearInterval(letGo));
      await database?.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
