// Outlives a killed jest: when its channel to jest closes, whichever way, it ends the servers of the run by their pids.
const { readdirSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');

const [directory] = process.argv.slice(2);
const END_DEADLINE_MS = 5_000;

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const send = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
};

process.once('disconnect', () => {
  const servers = readdirSync(directory)
    .filter((name) => name.endsWith('.pid'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')));
  const pids = servers.map(({ pid }) => pid);
  for (const pid of pids) {
    send(pid, 'SIGCONT');
    // Immediate shutdown for PostgreSQL, default action for everything else: both end at once.
    send(pid, 'SIGQUIT');
  }
  const started = Date.now();
  const timer = setInterval(() => {
    const left = pids.filter(alive);
    if (left.length && Date.now() - started < END_DEADLINE_MS) return;
    for (const pid of left) send(pid, 'SIGKILL');
    clearInterval(timer);
    for (const own of [...servers.map((server) => server.directory), directory]) {
      rmSync(own, { recursive: true, force: true });
    }
  }, 50);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
