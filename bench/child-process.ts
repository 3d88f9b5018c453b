import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

interface Request {
  id: number;
  command: string;
  input: unknown;
}

type Answer = { id: number; value: unknown } | { id: number; error: string };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A program of `children/`, in a process of its own. */
export interface Child {
  ask<T>(command: string, input?: unknown): Promise<T>;
  /** Ends it and waits for that. */
  end(): Promise<void>;
}

/** Starts a program that calls {@link serveParent}. */
export function startChild(file: URL, execArgv: string[] = []): Child {
  const child = fork(file, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  child.on('message', (answer: Answer) => {
    const question = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) question?.reject(new Error(answer.error));
    else question?.resolve(answer.value as never);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`A child process ended with ${code}.`));
  });
  return {
    ask: <T>(command: string, input?: unknown) =>
      new Promise<T>((resolve, reject) => {
        const id = asked++;
        waiting.set(id, { resolve, reject });
        child.send({ id, command, input } satisfies Request);
      }),
    end: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** The other side of {@link startChild}. A child without a parent ends by itself. */
export function serveParent(handlers: Record<string, (input: never) => unknown>): void {
  process.once('disconnect', () => process.exit());
  const answer = async ({ id, command, input }: Request): Promise<Answer> => {
    try {
      return { id, value: await handlers[command]!(input as never) };
    } catch (error) {
      return { id, error: (error as Error).stack ?? String(error) };
    }
  };
  process.on('message', (request: Request) => {
    void answer(request).then((answered) => process.send!(answered));
  });
}
