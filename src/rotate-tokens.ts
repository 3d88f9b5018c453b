import 'reflect-metadata';
import { SETTINGS } from './config/app-config.js';
import { readEnvironment } from './config/environment.js';
import { loadSettings } from './config/load-settings.js';
import { rotateTokens } from './connectors/grants/token-rotation.command.js';
import { StartupError } from './platform/errors/startup-error.js';

try {
  process.exitCode = await rotateTokens(loadSettings(SETTINGS, readEnvironment()), console.log);
} catch (error) {
  if (error instanceof StartupError) console.error(`\n${error.message}\n${error.fix}\n`);
  else console.error(error);
  process.exitCode = 1;
}
