// The servers that integration and e2e tests need: PostgreSQL and Redis, found, installed or taken from Docker.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const composeFile = fileURLToPath(new URL('../test/support/servers.compose.yml', import.meta.url));
const debianPostgres = '/usr/lib/postgresql';

const has = (directory, names) => names.every((name) => existsSync(join(directory, name)));

const onPath = (...names) =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => has(directory, names));

const debianHasPostgres = () =>
  existsSync(debianPostgres) &&
  readdirSync(debianPostgres).some((version) =>
    has(join(debianPostgres, version, 'bin'), ['initdb', 'postgres']),
  );

/** Names of the Debian packages whose servers are not on this machine. */
const missingPackages = () => [
  ...(onPath('redis-server') ? [] : ['redis-server']),
  ...(onPath('initdb', 'postgres') || debianHasPostgres() ? [] : ['postgresql']),
];

const run = (command, args, options = {}) =>
  spawnSync(command, args, { stdio: 'inherit', timeout: 600_000, ...options }).status === 0;

/**
 * Makes servers available and returns `{ environment, ownServers, sharedServers }`: whether tests can start servers of
 * their own, and whether there are shared ones; `environment` names shared ones that run already. `stop()` ends those.
 */
export function ensureServers() {
  let missing = missingPackages();
  if (missing.length && process.getuid?.() === 0 && onPath('apt-get')) {
    install(missing);
    missing = missingPackages();
  }
  const nothing = { environment: {}, stop: () => undefined };
  if (!missing.length) return { ...nothing, ownServers: true, sharedServers: true };
  console.log(`Not on this machine: ${missing.join(', ')}.`);
  return startContainers() ?? { ...nothing, ownServers: false, sharedServers: false };
}

function install(packages) {
  console.log(`Installing ${packages.join(' and ')} for the tests; this happens once …`);
  // Debian starts a server as it installs it. The tests start their own, on their own ports: forbid it meanwhile.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    console.log('  1/2 reading package lists');
    const quiet = ['-q', '-o', 'Acquire::Retries=3'];
    run('apt-get', [...quiet, 'update'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    console.log('  2/2 installing');
    run('apt-get', [...quiet, 'install', '-y', '--no-install-recommends', ...packages], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function startContainers() {
  const compose = ['compose', '-f', composeFile, '-p', 'rapport-test'];
  const answers = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
  if (!answers) return undefined;
  console.log('Starting PostgreSQL and Redis with docker compose …');
  if (!run('docker', [...compose, 'up', '-d', '--wait'])) return undefined;
  const port = (service, inside) =>
    spawnSync('docker', [...compose, 'port', service, inside], {
      encoding: 'utf8',
      timeout: 30_000,
    }).stdout.trim();
  return {
    environment: {
      RAPPORT_TEST_POSTGRES_URL: `postgres://rapport:rapport@${port('postgres', '5432')}/postgres`,
      RAPPORT_TEST_REDIS_URL: `redis://${port('redis', '6379')}`,
    },
    ownServers: false,
    sharedServers: true,
    stop: () => run('docker', [...compose, 'down', '-v', '--timeout', '2']),
  };
}
