import { StartupError } from './platform/errors/startup-error.js';
import { redact } from './platform/logging/redact.js';

interface Closable {
  close(): Promise<void>;
}

interface Ending<App> {
  /** What comes before closing, on a signal. */
  drain?: (app: App) => Promise<void>;
  /** Milliseconds that draining and closing may take together. */
  graceMs: (app: App) => number;
}

/**
 * Runs the process's application until a signal: SIGTERM and SIGINT drain and close it, a second one ends the process at
 * once, and so does the end of the grace. What keeps it from starting is told in one message with its fix.
 */
export async function runProcess<App extends Closable>(
  create: () => Promise<App>,
  start: (app: App) => Promise<void>,
  ending: Ending<App>,
): Promise<void> {
  let app: App | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void end(app, ending).then((code) => process.exit(code));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    app = await create();
    await start(app);
  } catch (error) {
    if (error instanceof StartupError) console.error(`\n${error.message}\n${error.fix}\n`);
    else console.error(redact(error));
    await end(app, { graceMs: ending.graceMs });
    process.exit(1);
  }
}

/** The exit code. */
async function end<App extends Closable>(
  app: App | undefined,
  { drain, graceMs }: Ending<App>,
): Promise<number> {
  if (!app) return 0;
  const late = setTimeout(() => {
    console.error(
      'The shutdown took longer than SHUTDOWN_GRACE; the process ends without having closed everything.',
    );
    process.exit(1);
  }, graceMs(app));
  try {
    await drain?.(app);
    await app.close();
    return 0;
  } catch (error) {
    console.error('The shutdown was not clean:', redact(error));
    return 1;
  } finally {
    clearTimeout(late);
  }
}
