import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../bench-case.js';
import { startChild, type Child } from '../child-process.js';
import { LIMIT } from '../contenders/limit.js';
import { openBare, openService, type Instances, type OpenInstances } from './instances.js';

export const RAPPORT = 'rapport';

/** Both, by the name of their row. */
export const contestants: ReadonlyMap<string, OpenInstances> = new Map([
  [LIMIT, openBare],
  [RAPPORT, openService],
]);

/** How many processes of clients, and how many clients of each are at which instance. */
export interface Audience {
  readonly processes: number;
  readonly atInstance: readonly number[];
}

/** Instances with clients at them, all in the room of one conversation. */
export class Stage {
  private constructor(
    private readonly instances: Instances,
    private readonly clients: readonly Child[],
    private readonly perProcess: number,
  ) {}

  static async open(context: BenchContext, open: OpenInstances, audience: Audience): Promise<Stage> {
    const { processes, atInstance } = audience;
    const instances = await open(context, atInstance.length);
    const program = new URL('../children/socket-clients.js', import.meta.url);
    const clients = Array.from({ length: processes }, () => startChild(program));
    const stage = new Stage(
      instances,
      clients,
      atInstance.reduce((sum, count) => sum + count, 0),
    );
    try {
      await stage.fill(atInstance);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get receivers(): number {
    return this.clients.length * this.perProcess;
  }

  /** Sends messages from the first instance; nanoseconds until the last client had heard the last of them. */
  async tell(messages: number): Promise<number> {
    const heard = this.clients.map((client) => client.ask<number>('hear', messages * this.perProcess));
    // The clients are waiting by then, and the garbage of the question is not timed.
    await sleep(2);
    const { id } = this.instances.conversation;
    const [started, ...ended] = await Promise.all([
      this.instances.children[0]!.ask<number>('tell', { conversationId: id, messages }),
      ...heard,
    ]);
    return Math.max(...ended) - started;
  }

  /** Nanoseconds of processor time that all instances have used so far. */
  async cpu(): Promise<number> {
    const used = await Promise.all(this.instances.children.map((child) => child.ask<number>('cpu')));
    return used.reduce((sum, ns) => sum + ns, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()));
    await this.instances.end();
  }

  private async fill(atInstance: readonly number[]): Promise<void> {
    const { urls, conversation } = this.instances;
    for (const [at, count] of atInstance.entries()) {
      const auths = Array.from({ length: count }, () => ({ token: conversation.token, protocol: 1 }));
      const where = { url: urls[at], auths, conversationId: conversation.id };
      await Promise.all(this.clients.map((client) => client.ask('connect', where)));
    }
  }
}

/** Opens a stage for each contestant, and closes them whatever happens. */
export async function onStages<T>(
  context: BenchContext,
  audience: Audience,
  work: (stages: ReadonlyMap<string, Stage>) => Promise<T>,
): Promise<T> {
  const stages = new Map<string, Stage>();
  try {
    for (const [name, open] of contestants) {
      context.progress(`connecting to ${name}`);
      stages.set(name, await Stage.open(context, open, audience));
    }
    return await work(stages);
  } finally {
    for (const stage of stages.values()) await stage.close();
  }
}

/** Of one message each time, in nanoseconds: the stages in turn, each time beginning with another. */
export async function delaysOf(
  stages: ReadonlyMap<string, Stage>,
  samples: number,
  onSample: (sample: number) => void,
): Promise<Map<string, number[]>> {
  const all = [...stages];
  const delays = new Map<string, number[]>(all.map(([name]) => [name, []]));
  for (let sample = 0; sample < samples; sample++) {
    onSample(sample);
    for (let at = 0; at < all.length; at++) {
      const [name, stage] = all[(at + sample) % all.length]!;
      delays.get(name)!.push(await stage.tell(1));
    }
  }
  return delays;
}
