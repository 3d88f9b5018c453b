// Builds libs/cache/dist, which is what `npm pack` puts into the package @rapport/cache.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'libs/cache');

// A source that is gone must not live on in the package.
rmSync(join(library, 'dist'), { recursive: true, force: true });
const compiler = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(library, 'tsconfig.build.json')];
// Standard output is npm's: `npm pack --json` answers there.
const { status } = spawnSync(process.execPath, compiler, { stdio: ['ignore', 2, 'inherit'] });
process.exitCode = status ?? 1;
