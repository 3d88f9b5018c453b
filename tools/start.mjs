// `npm start`: builds what is missing or stale, then becomes the server. The server runs in this very process, so
// signals and the exit code are its own.
import { existsSync } from 'node:fs';
import { requireNodeVersion } from './node-version.mjs';

requireNodeVersion();

if (!existsSync(new URL('../node_modules/@nestjs/core', import.meta.url))) {
  console.error('The dependencies are not installed. Run "npm ci" first.');
  process.exit(1);
}

const { buildIfStale } = await import('./build.mjs');
try {
  buildIfStale();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

process.setSourceMapsEnabled(true);
await import('../dist/src/main.js');
