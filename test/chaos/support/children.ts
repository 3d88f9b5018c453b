import { transformFileSync } from '@swc/core';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Talk } from '../children/talk.js';

const SOURCES = resolve('test/chaos/children');
const COMPILED = resolve('dist/test/chaos/children');

/** A program of `test/chaos/children` on the built cache, in a process of its own. */
export interface Child {
  readonly process: ChildProcess;
  ask<T>(command: string, input?: unknown): Promise<T>;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  /** Ends it at once (SIGKILL) and waits for that. */
  kill(): Promise<void>;
}

/**
 * Compiles the programs next to the built cache. Types are checked with all other sources, not here.
 *
 * @throws when the cache is not built
 */
export function compileChildren(): void {
  if (!existsSync(resolve('dist/libs/cache/src/index.js')))
    throw new Error('The cache is not built; run `npm run build` first.');
  mkdirSync(COMPILED, { recursive: true });
  for (const name of readdirSync(SOURCES)) {
    const { code } = transformFileSync(join(SOURCES, name), {
      swcrc: false,
      jsc: {
        parser: { syntax: 'typescript', decorators: true },
        target: 'es2022',
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'es6' },
    });
    // Several test files do this at the same time: each program is there as a whole, or not yet.
    const target = join(COMPILED, name.replace(/\.ts$/, '.js'));
    const part = `${target}.${process.pid}`;
    writeFileSync(part, code);
    renameSync(part, target);
  }
}

/** Starts a program; resolves when it says that it is ready. */
export async function startChild(
  program: string,
  settings: object,
  handlers: Record<string, (input: never) => unknown> = {},
): Promise<Child> {
  const child = fork(join(COMPILED, `${program}.js`), [JSON.stringify(settings)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([code, signal]) => `The ${program} ended with ${code ?? signal}.`);
  let isReady!: () => void;
  const ready = new Promise<void>((done) => (isReady = done));
  const talk = new Talk(child, { ...handlers, ready: isReady });
  const ended = gone.then((reason) => talk.close(reason));
  await Promise.race([ready, gone.then((reason) => Promise.reject(new Error(reason)))]);
  return {
    process: child,
    ask: (command, input) => talk.ask(command, input),
    ended,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
