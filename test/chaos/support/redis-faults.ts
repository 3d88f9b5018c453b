import { ChaosProxy } from '@rapport/cache/testing';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { freePort } from '../../support/server-process.js';

const PASSWORD = 'changed-behind-the-back';
/** An admin command on loopback; a stopped server is not asked. */
const ADMIN_MS = 5_000;

/** A way in which Redis fails, and how it comes back. */
export interface RedisFault {
  readonly name: string;
  begin(redis: FaultyRedis): Promise<void> | void;
  end(redis: FaultyRedis): Promise<void> | void;
}

const slow = (ms: number): RedisFault => {
  let undo: () => void = () => undefined;
  return {
    name: `slow by ${ms} ms`,
    begin: ({ proxy }) => void (undo = proxy.delay(ms, 0, { direction: 'toClient' })),
    end: () => undo(),
  };
};

/** Every way that must cost nobody an answer. */
export const REDIS_FAULTS: readonly RedisFault[] = [
  { name: 'stopped (SIGSTOP)', begin: ({ server }) => server.pause(), end: ({ server }) => server.resume() },
  { name: 'killed (SIGKILL)', begin: ({ server }) => server.kill(), end: ({ server }) => server.restart() },
  {
    name: 'full (maxmemory, noeviction)',
    begin: (redis) => redis.admin([['CONFIG', 'SET', 'maxmemory', '1']]),
    end: (redis) => redis.admin([['CONFIG', 'SET', 'maxmemory', '0']]),
  },
  {
    name: 'another password',
    begin: (redis) =>
      redis.admin([
        ['CONFIG', 'SET', 'requirepass', PASSWORD],
        ['CLIENT', 'KILL', 'TYPE', 'normal'],
        ['CLIENT', 'KILL', 'TYPE', 'pubsub'],
      ]),
    end: (redis) => redis.admin([['CONFIG', 'SET', 'requirepass', '']], PASSWORD),
  },
  {
    name: 'a read-only replica',
    begin: async (redis) => redis.admin([['REPLICAOF', '127.0.0.1', String(await freePort())]]),
    end: (redis) => redis.admin([['REPLICAOF', 'NO', 'ONE']]),
  },
  slow(100),
  slow(500),
];

/** A Redis of the test's own behind a network that can be made slow. */
export class FaultyRedis {
  private constructor(
    readonly server: RedisServer,
    readonly proxy: ChaosProxy,
  ) {}

  static async start(): Promise<FaultyRedis> {
    const server = await startRedis();
    return new FaultyRedis(server, await ChaosProxy.start({ port: server.port }));
  }

  /** Through the network. */
  get url(): string {
    return `redis://${this.proxy.host}:${this.proxy.port}`;
  }

  /** Past the network, as its operator. */
  async admin(commands: [name: string, ...args: string[]][], password?: string): Promise<void> {
    const client = new Redis({
      host: this.server.host,
      port: this.server.port,
      password,
      lazyConnect: true,
      commandTimeout: ADMIN_MS,
      retryStrategy: () => null,
    });
    try {
      await client.connect();
      for (const [name, ...args] of commands) await client.call(name, args);
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.server.stop();
  }
}
