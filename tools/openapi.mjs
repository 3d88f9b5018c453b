// Writes docs/openapi.json as the built server serves it. The schemas come into being while compiling, so the sources
// alone cannot answer.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { buildIfStale } from './build.mjs';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;
const root = fileURLToPath(new URL('..', import.meta.url));

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function documentOf(url, child) {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`The server ended with ${child.exitCode}; see its messages above.`);
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (response?.ok) return response.json();
    await delay(100);
  }
  throw new Error(`The server did not serve ${url} within ${START_DEADLINE_MS} ms.`);
}

async function stop(child) {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(kill);
}

buildIfStale();
const port = await freePort();
// Its own directory: no .env and no data of the developer shows in the document.
const directory = mkdtempSync(join(tmpdir(), 'rapport-openapi-'));
const { PATH, HOME } = process.env;
const child = spawn(process.execPath, [join(root, 'dist', 'src', 'main.js')], {
  cwd: directory,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { PATH, HOME, PORT: String(port), HOST: '127.0.0.1', DATA_DIR: join(directory, 'data') },
});
try {
  const document = await documentOf(`http://127.0.0.1:${port}/openapi.json`, child);
  writeFileSync(
    join(root, 'docs', 'openapi.json'),
    await format(JSON.stringify(document), { parser: 'json' }),
  );
  console.log('wrote docs/openapi.json');
} finally {
  await stop(child);
  rmSync(directory, { recursive: true, force: true });
}
