// `npm test`: makes sure the servers that tests need are there, builds what e2e and chaos tests start, runs every test,
// and ends with the totals. Arguments go to jest: `npm test -- --selectProjects unit`. `npm run test:full` lets the
// searching tests (schedules, chaos, keys) go all the way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build.mjs';
import { requireNodeVersion } from './node-version.mjs';
import { filesWithoutServers } from './test-selection.mjs';
import { ensureServers } from './test-servers.mjs';

requireNodeVersion();

const root = fileURLToPath(new URL('..', import.meta.url));
const FULL_SIZE = '--full-size';
const jestArguments = process.argv.slice(2).filter((argument) => argument !== FULL_SIZE);
if (process.argv.includes(FULL_SIZE)) process.env.RAPPORT_TEST_SIZE = 'full';
const selected = jestArguments.join(' ');
const onlyUnit = /--selectProjects[= ]+unit(?:\s+-|$)/.test(selected);
const usesBuild = !selected.includes('--selectProjects') || /e2e|chaos/.test(selected);

const servers = onlyUnit ? { environment: {}, stop: () => undefined } : ensureServers();
const left = onlyUnit ? [] : filesWithoutServers(servers);
if (usesBuild) build();

const work = mkdtempSync(join(tmpdir(), 'rapport-test-'));
const totalsFile = join(work, 'totals.json');
let exitCode = 1;
try {
  exitCode = await runJest();
} finally {
  servers.stop();
}
const totals = existsSync(totalsFile)
  ? JSON.parse(readFileSync(totalsFile, 'utf8'))
  : { passed: 0, failed: 1, skipped: 0 };
rmSync(work, { recursive: true, force: true });
if (left.length) exitCode = reportLeft() ? exitCode : exitCode || 1;
process.exitCode = exitCode;
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`,
);

function build() {
  try {
    buildIfStale();
  } catch (error) {
    console.error(`${error.message} The e2e and chaos tests start what is built, so nothing was run.`);
    console.log('0 passed, 1 failed');
    process.exit(1);
  }
}

async function runJest() {
  const jest = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules/jest/bin/jest.js'),
      '--reporters=default',
      `--reporters=${join(root, 'test/support/totals-reporter.cjs')}`,
      ...['/node_modules/', ...left.map(escapePattern)].map((path) => `--testPathIgnorePatterns=${path}`),
      ...jestArguments,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, NODE_ENV: 'test', ...servers.environment, RAPPORT_TEST_TOTALS: totalsFile },
    },
  );
  // Ctrl-C reaches jest through the terminal; waiting for it keeps the servers' clean-up and the totals.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
  const [code] = await once(jest, 'exit');
  return code ?? 1;
}

function escapePattern(path) {
  return path.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** Whether going on without them was allowed. */
function reportLeft() {
  const allowed = process.env.RAPPORT_ALLOW_MISSING_SERVERS === '1';
  console.error(
    `\n!!! ${left.length} TEST FILES DID NOT RUN: there is no PostgreSQL and Redis server for them.`,
  );
  for (const file of left) console.error(`!!!   ${file}`);
  console.error('!!! Install redis-server and postgresql (15 or newer), or start Docker.');
  if (!allowed) console.error('!!! To accept that, set RAPPORT_ALLOW_MISSING_SERVERS=1.');
  return allowed;
}
