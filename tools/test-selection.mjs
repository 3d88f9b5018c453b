// Which test files start or use servers, told from their sources and from the test helpers they import.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const OWN_SERVER = /\bstart(?:Redis|Postgres)\(/;
const SHARED_SERVER = /\btestServers\.|'postgres'/;
// They hold what the tests ask for; importing them is not yet asking.
const HELPERS = ['redis-server', 'postgres-server', 'test-servers', 'test-database'].map((name) =>
  join(root, `test/support/${name}.ts`),
);

function matches(file, pattern, seen = new Set()) {
  if (seen.has(file) || HELPERS.includes(file)) return false;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  if (pattern.test(source)) return true;
  const imports = [...source.matchAll(/from '(\.[^']+)\.js'/g)].map(([, path]) =>
    resolve(dirname(file), `${path}.ts`),
  );
  return imports.some((path) => path.includes('/test/') && existsSync(path) && matches(path, pattern, seen));
}

/** Test files that cannot run with the servers there are, relative to the repository. */
export function filesWithoutServers({ ownServers, sharedServers }) {
  return readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => /(?:\.|-)spec\.ts$/.test(file))
    .filter(
      (file) =>
        (!ownServers && matches(file, OWN_SERVER)) || (!sharedServers && matches(file, SHARED_SERVER)),
    )
    .map((file) => relative(root, file));
}
