import { StartupError } from './platform/errors/startup-error.js';

interface Closable {
  close(): Promise<void>;
}

/**
 * Runs the process's application until a signal: SIGTERM and SIGINT close it, a second one ends the process at once. What
 * keeps it from starting is told in one message with its fix.
 */
export async function runProcess<App extends Closable>(
  create: () => Promise<App>,
  start: (app: App) => Promise<void>,
): Promise<void> {
  let app: App | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void close(app).then((code) => process.exit(code));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    app = await create();
    await start(app);
  } catch (error) {
    if (error instanceof StartupError) console.error(`\n${error.message}\n${error.fix}\n`);
    else console.error(error);
    await close(app);
    process.exit(1);
  }
}

/** The exit code. */
async function close(app: Closable | undefined): Promise<number> {
  try {
    await app?.close();
    return 0;
  } catch (error) {
    console.error('The shutdown was not clean:', error);
    return 1;
  }
}
