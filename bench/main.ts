import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { startRedis, type RedisServer } from '../test/support/redis-server.js';
import { connect } from './contenders/connection.js';
import { writeDocument } from './document.js';
import { plainTable } from './format.js';
import { describeMachine } from './machine.js';
import { readOptions, type Options } from './options.js';
import type { CaseResult, Report } from './result.js';

/** The guard of the tests: ends what the run started, even if the run is killed. */
const guard = (part: 'setup' | 'teardown'): Promise<void> =>
  (createRequire(import.meta.url)(resolve(`test/support/global-${part}.cjs`)) as () => Promise<void>)();

/** Progress shares one line on a terminal and is left out elsewhere. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function emptied(redis: RedisServer): Promise<void> {
  const client = await connect(redis.url);
  await client.flushall();
  client.disconnect();
}

async function runCases(redis: RedisServer, { cases, contenders, quick }: Options): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [at, { name, title, run }] of cases.entries()) {
    const place = `${at + 1}/${cases.length} ${name}`;
    progress(`${place} …`);
    await emptied(redis);
    const found = await run({
      redis,
      quick,
      contenders,
      progress: (text) => progress(`${place}: ${text}`),
    });
    const result: CaseResult = { name, title, ...found };
    results.push(result);
    progress('');
    console.log(`${plainTable(result)}\n`);
  }
  return results;
}

async function main(options: Options): Promise<void> {
  await guard('setup');
  try {
    const redis = await startRedis();
    const machine = await describeMachine(redis.url, options.contenders);
    const { date, cpu, cores, node } = machine;
    console.log(`${date}, ${cpu}, ${cores} cores, Node ${node}, Redis ${machine.redis}\n`);
    const report: Report = { machine, quick: options.quick, cases: await runCases(redis, options) };
    if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    if (options.markdown) await writeDocument(options.markdown, report);
    await redis.stop();
  } finally {
    await guard('teardown');
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void guard('teardown').finally(() => process.exit(130)));
}

try {
  await main(readOptions(process.argv.slice(2)));
  // Libraries keep timers and connections of their own; nothing is left to wait for.
  process.exit(0);
} catch (error) {
  progress('');
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
