const { fork } = require('node:child_process');
const { mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * Runs once for the projects "integration", "e2e" and "chaos". It starts no server: tests start what they need
 * (test-servers.ts) and list it in the run directory. The guard stops those servers even if jest is killed.
 */
module.exports = async () => {
  if (process.env.RAPPORT_TEST_RUN_DIR) return;
  const directory = mkdtempSync(join(tmpdir(), 'rapport-run-'));
  process.env.RAPPORT_TEST_RUN_DIR = directory;
  const guard = fork(join(__dirname, 'server-guard.cjs'), [directory], { detached: true, stdio: 'ignore' });
  guard.unref();
  guard.channel.unref();
  globalThis.__rapportGuard = guard;
};
