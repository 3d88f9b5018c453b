// Builds dist/: the service and the worker with the Nest CLI, the console with Vite. As a command (`npm run build`)
// always; `buildIfStale()` builds only the parts whose sources differ from what they were built from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const COMMON_FILES = ['package-lock.json', 'tsconfig.json', 'tools/build.mjs'];
const PARTS = [
  {
    name: 'server',
    entry: 'src/main.ts',
    folders: ['src', 'libs', 'apps/worker'],
    files: ['nest-cli.json', 'tsconfig.build.json'],
    stamp: join(dist, '.server.sha256'),
    command: ['@nestjs/cli/bin/nest.js', 'build', 'api'],
  },
  {
    name: 'console',
    entry: 'apps/console/src/main.tsx',
    folders: ['apps/console'],
    files: [],
    stamp: join(dist, '.console.sha256'),
    command: ['vite/bin/vite.js', 'build', 'apps/console', '--logLevel', 'warn'],
  },
  // An image of the API alone leaves the sources of the console out.
].filter(({ entry }) => existsSync(join(root, entry)));

const filesBelow = (folder, wanted) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && wanted(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Contents, not times: a checkout or a copy changes times without changing anything. */
function sourcesHash({ folders, files }) {
  const sources = folders
    .flatMap((folder) =>
      filesBelow(join(root, folder), (name) => !/\.spec\.tsx?$/.test(name) && !name.endsWith('.md')),
    )
    // A library's own build is made from the same sources and used by nothing here.
    .filter((file) => !relative(root, file).split(sep).includes('dist'));
  const hash = createHash('sha256').update(process.versions.node.split('.')[0]);
  for (const file of [...[...COMMON_FILES, ...files].map((name) => join(root, name)), ...sources.sort()]) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** A deleted source must not live on as a module that still imports. */
function removeOrphans() {
  for (const folder of ['src', 'libs', 'apps']) {
    for (const file of filesBelow(join(dist, folder), (name) => name.endsWith('.js'))) {
      if (existsSync(join(root, relative(dist, file)).replace(/\.js$/, '.ts'))) continue;
      rmSync(file);
      rmSync(`${file}.map`, { force: true });
    }
  }
}

function buildPart(part, hash) {
  const started = performance.now();
  rmSync(part.stamp, { force: true });
  const [program, ...args] = part.command;
  const { status, signal } = spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    throw new Error(
      `The ${part.name} could not be built (${signal ?? `exit code ${status}`}); see the messages above.`,
    );
  }
  removeOrphans();
  mkdirSync(dist, { recursive: true });
  writeFileSync(part.stamp, hash);
  console.log(`Built the ${part.name} in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

/** Builds everything; throws when a source does not compile. */
export function build() {
  for (const part of PARTS) buildPart(part, sourcesHash(part));
}

/** Builds the parts that are missing in dist/ or were made from other sources, and says so. Returns whether any was. */
export function buildIfStale() {
  let built = false;
  for (const part of PARTS) {
    const hash = sourcesHash(part);
    const stamp = existsSync(part.stamp) ? readFileSync(part.stamp, 'utf8') : undefined;
    if (stamp === hash) continue;
    console.log(
      stamp === undefined
        ? `The ${part.name} is not built yet …`
        : `The ${part.name} has changed; building …`,
    );
    buildPart(part, hash);
    built = true;
  }
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
