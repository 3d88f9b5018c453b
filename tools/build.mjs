// Compiles the service and the worker into dist/. As a command (`npm run build`) always; `buildIfStale()` only when a
// source differs from what dist/ was compiled from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stampFile = join(dist, '.sources.sha256');
const SOURCE_FOLDERS = ['src', 'libs', 'apps/worker'];
const BUILD_FILES = [
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tools/build.mjs',
];

const filesBelow = (folder, wanted) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && wanted(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Contents, not times: a checkout or a copy changes times without changing anything. */
function sourcesHash() {
  const sources = SOURCE_FOLDERS.flatMap((folder) =>
    filesBelow(join(root, folder), (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts')),
  );
  const hash = createHash('sha256').update(process.versions.node.split('.')[0]);
  for (const file of [...BUILD_FILES.map((name) => join(root, name)), ...sources.sort()]) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** A deleted source must not live on as a module that still imports. */
function removeOrphans() {
  for (const file of filesBelow(dist, (name) => name.endsWith('.js'))) {
    const source = join(root, relative(dist, file)).replace(/\.js$/, '.ts');
    if (existsSync(source)) continue;
    rmSync(file);
    rmSync(`${file}.map`, { force: true });
  }
}

/** Compiles everything; throws when a source does not compile. */
export function build() {
  const hash = sourcesHash();
  const started = performance.now();
  rmSync(stampFile, { force: true });
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const { status, signal } = spawnSync(process.execPath, [nest, 'build', 'api'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0)
    throw new Error(`The build failed (${signal ?? `exit code ${status}`}); see the messages above.`);
  removeOrphans();
  writeFileSync(stampFile, hash);
  console.log(`Built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

/** Compiles when dist/ is missing or was made from other sources, and says so. Returns whether it did. */
export function buildIfStale() {
  const stamp = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : undefined;
  if (stamp === sourcesHash()) return false;
  console.log(stamp === undefined ? 'dist/ is missing; building …' : 'Sources have changed; building …');
  build();
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
