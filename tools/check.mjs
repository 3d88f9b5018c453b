// `npm run check` runs every `check:*` script of package.json, two at a time, and fails if one of them does.
// `npm run check -- types lint` runs only those.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const commands = new Map(
  Object.entries(scripts)
    .filter(([name]) => name.startsWith('check:'))
    .map(([name, command]) => [name.slice('check:'.length), command]),
);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !commands.has(name));
if (unknown.length > 0) {
  console.error(`There is no check "${unknown.join('", "')}". Known: ${[...commands.keys()].join(', ')}.`);
  process.exit(2);
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs one check to its end; its output is kept and shown only if it fails. */
function run(name) {
  const started = performance.now();
  const output = [];
  return new Promise((resolve) => {
    const child = spawn(commands.get(name), {
      cwd: root,
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH,
        NO_COLOR: '1',
        FORCE_COLOR: '0',
      },
    });
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(String(error))));
    child.on('close', (code) => {
      const passed = code === 0;
      console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds(started)})`);
      resolve({ name, passed, output: Buffer.concat(output).toString().trim() });
    });
  });
}

const started = performance.now();
const queue = wanted.length > 0 ? wanted : [...commands.keys()];
const results = [];
const lane = async () => {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) results.push(await run(name));
};
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));

const failed = results.filter((result) => !result.passed);
for (const { name, output } of failed) console.log(`\n── ${name} ${'─'.repeat(70 - name.length)}\n${output}`);
console.log(`\n${results.length - failed.length} of ${results.length} checks passed in ${seconds(started)}`);
process.exitCode = failed.length > 0 ? 1 : 0;
