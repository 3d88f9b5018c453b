// `npm run bench`: compiles bench/ with the sources it measures into dist/bench, then runs it. Arguments are passed on.
// Without types, which `npm run check` looks at: so that a run, and the test of one, begins at once.
import { transformFileSync } from '@swc/core';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireNodeVersion } from './node-version.mjs';

requireNodeVersion();

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const FOLDERS = ['bench', 'libs/cache/src', 'libs/redis/src', 'test/support'];
const target = join('dist', 'bench');
/** The paths of tsconfig.json, with which Node.js has nothing to do. */
const LIBRARIES = {
  '@rapport/cache': 'libs/cache/src/index.js',
  '@rapport/cache/testing': 'libs/cache/src/testing/index.js',
  '@rapport/redis': 'libs/redis/src/index.js',
};
const options = {
  swcrc: false,
  sourceMaps: true,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    keepClassNames: true,
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6', ignoreDynamic: true },
};

function compile(source) {
  const file = join(target, source).replace(/\.ts$/, '.js');
  const { code, map } = transformFileSync(source, options);
  const resolved = code.replace(/from (["'])(@rapport\/[\w/]+)\1/g, (whole, _quote, name) => {
    const path = relative(dirname(file), join(target, LIBRARIES[name] ?? name));
    return LIBRARIES[name] ? `from '${path.startsWith('.') ? path : `./${path}`}'` : whole;
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, resolved);
  writeFileSync(`${file}.map`, map);
}

// A source that is gone must not live on as a module that still imports.
rmSync(target, { recursive: true, force: true });
for (const folder of FOLDERS) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (/(?<!\.spec|\.d)\.ts$/.test(name)) compile(join(folder, name));
  }
}
await import('../dist/bench/bench/main.js');
