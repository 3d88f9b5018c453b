import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { StartupError } from '../platform/errors/startup-error.js';

/** Environment variables as text; an absent and an empty one mean the same. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment over the `.env` file of the working directory. The only reader of `process.env`. */
export function readEnvironment(file = '.env'): Environment {
  return { ...readEnvFile(file), ...process.env };
}

function readEnvFile(file: string): Environment {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new StartupError(`The settings file ${file} cannot be read.`, 'Make it readable or remove it.', {
      cause,
    });
  }
  return parseEnv(text);
}
