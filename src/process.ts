import { StartupError } from './platform/errors/startup-error.js';

interface Closable {
  close(): Promise<void>;
}

/**
 * Runs the process's application until a signal: SIGTERM and SIGINT drain and close it, a second one ends the process at
 * once. What keeps it from starting is told in one message with its fix.
 */
export async function runProcess<App extends Closable>(
  create: () => Promise<App>,
  start: (app: App) => Promise<void>,
  drain: (app: App) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  let app: App | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void end(app, drain).then((code) => process.exit(code));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    app = await create();
    await start(app);
  } catch (error) {
    if (error instanceof StartupError) console.error(`\n${error.message}\n${error.fix}\n`);
    else console.error(error);
    await end(app, () => Promise.resolve());
    process.exit(1);
  }
}

/** The exit code. */
async function end<App extends Closable>(
  app: App | undefined,
  drain: (app: App) => Promise<void>,
): Promise<number> {
  if (!app) return 0;
  try {
    await drain(app);
    await app.close();
    return 0;
  } catch (error) {
    console.error('The shutdown was not clean:', error);
    return 1;
  }
}
