// `npm run bench`: compiles bench/ with the sources it measures into dist/bench, then runs it. Arguments are passed on.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireNodeVersion } from './node-version.mjs';

requireNodeVersion();

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build', 'bench'],
  {
    stdio: 'inherit',
  },
);
if (status !== 0) {
  console.error('The benchmark could not be compiled; see the messages above.');
  process.exit(1);
}
await import('../dist/bench/bench/main.js');
