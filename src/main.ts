import 'reflect-metadata';
import { announce } from './announcement.js';
import { createApp, drain, graceOf, serve } from './bootstrap.js';
import { readEnvironment } from './config/environment.js';
import { runProcess } from './process.js';

await runProcess(
  () => createApp(readEnvironment()),
  async (app) => announce(app, await serve(app)),
  { drain, graceMs: graceOf },
);
