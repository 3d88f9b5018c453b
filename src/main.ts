import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { announce } from './announcement.js';
import { createApp, serve } from './bootstrap.js';
import { readEnvironment } from './config/environment.js';
import { StartupError } from './platform/errors/startup-error.js';

let app: NestFastifyApplication | undefined;
let stopping = false;

const stop = (signal: NodeJS.Signals): void => {
  if (stopping) process.exit(1);
  stopping = true;
  const closed = app ? app.close() : Promise.resolve();
  closed.then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(`Stopping on ${signal} failed:`, error);
      process.exit(1);
    },
  );
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

try {
  app = await createApp(readEnvironment());
  const url = await serve(app);
  announce(app, url);
} catch (error) {
  if (error instanceof StartupError) console.error(`\n${error.message}\n${error.fix}\n`);
  else console.error(error);
  await app?.close();
  process.exit(1);
}
