import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { newCharacter, newPerson } from '../../test/support/api-client.js';
import { testServers } from '../../test/support/test-servers.js';
import { forgeToken, TOKEN_SECRET } from '../../test/support/tokens.js';
import type { BenchContext } from '../bench-case.js';
import { startChild, type Child } from '../child-process.js';
import type { InstanceSetup } from './instance.js';

/** Instances of one contestant on one Redis, each a process. */
export interface Instances {
  readonly children: readonly Child[];
  readonly urls: readonly string[];
  /** Where messages are sent, and the token that opens it. */
  readonly conversation: { readonly id: string; readonly token: string };
  end(): Promise<void>;
}

export type OpenInstances = (context: BenchContext, count: number) => Promise<Instances>;

/** Of somebody without an account; handshakes take it. */
export const strangerToken = (): Promise<string> => forgeToken({ subject: randomUUID(), expiresIn: 3_600 });

/** The service, on a new database of the run's PostgreSQL. */
export const openService: OpenInstances = async ({ redis }, count) => {
  await buildService();
  const database = await (await testServers.postgres()).createDatabase();
  const setup = { redisUrl: redis.url, databaseUrl: database.url, secret: TOKEN_SECRET };
  const started = await startAll('service-instance.js', count, setup);
  const end = async (): Promise<void> => {
    await started.end();
    await database.drop();
  };
  try {
    const person = await newPerson(started.urls[0]!);
    const { id } = await person.converse((await newCharacter(person)).id);
    return { ...started, conversation: { id, token: person.token! }, end };
  } catch (error) {
    await end();
    throw error;
  }
};

/** Socket.IO alone, with the same Redis adapter. */
export const openBare: OpenInstances = async ({ redis }, count) => {
  const setup = { redisUrl: redis.url, databaseUrl: '', secret: '' };
  const started = await startAll('bare-instance.js', count, setup);
  return { ...started, conversation: { id: randomUUID(), token: await strangerToken() } };
};

async function startAll(
  program: string,
  count: number,
  setup: InstanceSetup,
): Promise<Pick<Instances, 'children' | 'urls' | 'end'>> {
  const file = new URL(`../children/${program}`, import.meta.url);
  const children = Array.from({ length: count }, () => startChild(file, ['--expose-gc']));
  const end = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.end()));
  };
  try {
    const urls = await Promise.all(children.map((child) => child.ask<string>('start', setup)));
    return { children, urls, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** What is measured is the very program that is deployed. */
export async function buildService(): Promise<void> {
  const { href } = pathToFileURL(resolve('tools/build.mjs'));
  const build = (await import(href)) as { buildIfStale(): boolean };
  build.buildIfStale();
}
