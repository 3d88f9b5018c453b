import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { connect } from './contenders/connection.js';
import type { Contender } from './contenders/contender.js';
import type { Machine } from './result.js';

const versionIn = (directory: string): string =>
  (JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as { version: string }).version;

/** What the figures were taken on, and of which versions. */
export async function describeMachine(url: string, contenders: readonly Contender[]): Promise<Machine> {
  const redis = await connect(url);
  const info = await redis.info('server');
  redis.disconnect();
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    node: process.version,
    redis: /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown',
    versions: Object.fromEntries(
      contenders.map((contender) => [
        contender.name,
        versionIn(contender.package ? `node_modules/${contender.package}` : '.'),
      ]),
    ),
  };
}
