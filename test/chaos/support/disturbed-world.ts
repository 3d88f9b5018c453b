import { Redis } from 'ioredis';
import { ChaosProxy, type ChaosScope } from '../../../libs/cache/src/testing/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { joined, type History } from '../children/history.js';
import { startChild, type Child } from './children.js';
import type { Source } from './source.js';

export interface WorldOptions {
  readonly instances: number;
  /** Of each instance. */
  readonly readers: number;
  readonly seed: number;
  readonly source: Source;
}

/** An instance, and its own way to Redis. */
export interface Instance {
  readonly id: number;
  readonly child: Child;
  readonly proxy: ChaosProxy;
}

/** A Redis, instances of a service in processes of their own, and a bad network between them. */
export class DisturbedWorld {
  private constructor(
    readonly server: RedisServer,
    readonly instances: readonly Instance[],
    /** Straight to Redis. */
    private readonly admin: Redis,
    private readonly source: Source,
  ) {}

  static async start({ instances, readers, seed, source }: WorldOptions): Promise<DisturbedWorld> {
    const server = await startRedis();
    const admin = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
    const handlers = {
      load: ({ cache, key }: { cache: string; key: string }) => source.load(`${cache} ${key}`),
      commit: ({ cache, key }: { cache: string; key: string }) => source.commit(`${cache} ${key}`),
    };
    const startInstance = async (id: number): Promise<Instance> => {
      const proxy = await ChaosProxy.start({ port: server.port });
      const child = await startChild('instance', { id, port: proxy.port, seed, readers }, handlers);
      return { id, child, proxy };
    };
    const started = await Promise.all(Array.from({ length: instances }, (_, id) => startInstance(id)));
    return new DisturbedWorld(server, started, admin, source);
  }

  /** Cuts the subscription of an instance at the server's end. */
  async killSubscription({ id }: Instance): Promise<void> {
    const clients = (await this.admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')) as string;
    const ids = clients
      .split('\n')
      .filter((line) => line.includes(`name=instance-${id} `))
      .map((line) => /^id=(\d+)/.exec(line)![1]!);
    await Promise.all(ids.map((clientId) => this.admin.client('KILL', 'ID', clientId)));
  }

  everyInstance<T>(command: string): Promise<T[]> {
    return Promise.all(this.instances.map(({ child }) => child.ask<T>(command)));
  }

  /** Entries that some instance does not show as they are now. */
  async outdated(): Promise<string[]> {
    const shown = await this.everyInstance<{ cache: string; key: string; version: number }[]>('readAll');
    return shown.flatMap((items, id) =>
      items
        .map(({ cache, key, version }) => ({ name: `${cache} ${key}`, version }))
        .filter(({ name, version }) => version !== this.source.versionOf(name))
        .map(
          ({ name, version }) => `instance ${id}: ${name} is ${version}, not ${this.source.versionOf(name)}`,
        ),
    );
  }

  async history(): Promise<History> {
    return joined(await this.everyInstance<History>('history'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.instances.map(({ child }) => child.kill()));
    await Promise.all(this.instances.map(({ proxy }) => proxy.close()));
    this.admin.disconnect();
    await this.server.stop();
  }
}

export const subscriptions: ChaosScope = { only: ({ subscribes }) => subscribes };
export const commands: ChaosScope = { only: ({ subscribes }) => !subscribes };
