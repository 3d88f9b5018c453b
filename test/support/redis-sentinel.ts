import { Redis } from 'ioredis';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { startRedis, type RedisServer } from './redis-server.js';
import { freePort, startProcess, type ServerProcess } from './server-process.js';

const HOST = '127.0.0.1';
/** The group's name, as in `new Redis({ sentinels, name })`. */
const NAME = 'rapport';
const SENTINELS = 3;
const DOWN_AFTER_MS = 500;
/** Also the shortest time between two failovers is twice this. */
const FAILOVER_TIMEOUT_MS = 2_000;
/**
 * How often Sentinels ask, in ms, for want of a setting (Redis ≥ 7.0): they ask a healthy replica every 10 s, and let a
 * deposed primary take writes for 8 s (four publish periods) before they tell it.
 */
const PACE = ['info-period', '500', 'publish-period', '200', 'ping-period', '200', 'ask-period', '200'];
/** After they stood still for two seconds they do nothing for a while: half a minute, if they are not told. */
const CAUTION = ['tilt-period', '1000'];
/** A failover that did not come about is tried again twice. */
const SETTLED_MS = 60_000;

export interface SentinelOptions {
  /** @default 1 */
  replicas?: number;
  /** Further arguments of every redis-server. */
  args?: string[];
}

/** The view of one Sentinel: fields of SENTINEL MASTER and of SENTINEL REPLICAS. */
type Fields = Record<string, string>;

interface Watcher {
  readonly port: number;
  readonly directory: string;
  readonly process: ServerProcess;
  readonly admin: Redis;
}

/** A primary and its replicas, watched by three Sentinels that know each other when this resolves. */
export async function startSentinels(options: SentinelOptions = {}): Promise<SentinelGroup> {
  const { replicas = 1, args = [] } = options;
  const common = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...args];
  const primary = await startRedis({ args: common });
  const followers = await Promise.all(
    Array.from({ length: replicas }, () =>
      startRedis({ args: ['--replicaof', `${HOST} ${primary.port}`, ...common] }),
    ),
  );
  const watchers = await Promise.all(Array.from({ length: SENTINELS }, () => startWatcher(primary.port)));
  const group = new SentinelGroup([primary, ...followers], watchers);
  try {
    await group.settled('the Sentinels to find each other and the replicas', () => true);
    return group;
  } catch (error) {
    await group.stop();
    throw error;
  }
}

export class SentinelGroup {
  readonly name = NAME;

  constructor(
    /** The first primary and its replicas; a killed one comes back with `restart()`. */
    readonly servers: readonly RedisServer[],
    private readonly watchers: readonly Watcher[],
  ) {}

  get sentinels(): { host: string; port: number }[] {
    return this.watchers.map(({ port }) => ({ host: HOST, port }));
  }

  /** The server that all Sentinels send clients to. */
  primary(): Promise<RedisServer> {
    return this.settled('the Sentinels to agree', () => true);
  }

  /** Hands over in good order (SENTINEL FAILOVER); resolves with the new primary when it is one for everybody. */
  async failover(): Promise<RedisServer> {
    const old = await this.primary();
    await eventually(
      'a Sentinel to accept a failover',
      () =>
        this.watchers[0]!.admin.call('SENTINEL', 'FAILOVER', NAME).then(
          () => true,
          // No replica is known to be good yet, or the failover before this one is not over.
          () => undefined,
        ),
      SETTLED_MS,
    );
    return this.settled('another primary', (primary) => primary !== old);
  }

  /** Ends the primary at once (SIGKILL); resolves with the replica that took over. */
  async killPrimary(): Promise<RedisServer> {
    const old = await this.primary();
    await old.kill();
    return this.settled('a replica to take over', (primary) => primary !== old);
  }

  /**
   * Waits until all Sentinels name the same primary, it is one, and every replica that works follows it.
   *
   * @throws after a minute
   */
  settled(what: string, wanted: (primary: RedisServer) => boolean): Promise<RedisServer> {
    return eventually(
      what,
      async () => {
        const ports = await Promise.all(this.watchers.map((watcher) => this.primaryPort(watcher)));
        const primary = this.servers.find(({ port }) => port === ports[0]);
        if (!primary || !ports.every((port) => port === primary.port) || !wanted(primary)) return undefined;
        return (await isPrimary(primary)) ? primary : undefined;
      },
      SETTLED_MS,
    );
  }

  async stop(): Promise<void> {
    for (const { admin } of this.watchers) admin.disconnect();
    await Promise.all(this.watchers.map(({ process }) => process.end('SIGKILL')));
    await Promise.all(this.servers.map((server) => server.stop()));
    for (const { directory } of this.watchers) rmSync(directory, { recursive: true, force: true });
  }

  /** Undefined from a Sentinel that does not know all there is, or sees a failover under way. */
  private async primaryPort({ admin }: Watcher): Promise<number | undefined> {
    const [master, replicas] = await Promise.all([
      admin.call('SENTINEL', 'MASTER', NAME),
      admin.call('SENTINEL', 'REPLICAS', NAME),
    ]);
    const primary = fields(master);
    const followers = (replicas as unknown[]).map(fields);
    const complete =
      Number(primary['num-other-sentinels']) === SENTINELS - 1 &&
      followers.length === this.servers.length - 1;
    const follows = followers.every(
      (replica) =>
        /down|disconnected/.test(replica.flags ?? '') ||
        (replica['role-reported'] === 'slave' &&
          replica['master-port'] === primary.port &&
          replica['master-link-status'] === 'ok'),
    );
    const calm = primary.flags === 'master' && primary['role-reported'] === 'master';
    return complete && follows && calm ? Number(primary.port) : undefined;
  }
}

async function startWatcher(primaryPort: number): Promise<Watcher> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'rapport-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  // Sentinel writes what it learns back into this file.
  const settings = [
    `port ${port}`,
    `bind ${HOST}`,
    `dir ${directory}`,
    `sentinel monitor ${NAME} ${HOST} ${primaryPort} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    `sentinel parallel-syncs ${NAME} 2`,
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  const process = await startProcess('redis-server', [file, '--sentinel'], /Sentinel ID is/, directory);
  const admin = new Redis(port, HOST, { enableReadyCheck: false, retryStrategy: () => 50 });
  admin.on('error', () => undefined);
  await admin.call('SENTINEL', 'DEBUG', ...PACE, ...CAUTION);
  return { port, directory, process, admin };
}

async function isPrimary({ port, host }: RedisServer): Promise<boolean> {
  const client = new Redis(port, host, { retryStrategy: () => null, commandTimeout: 500, lazyConnect: true });
  client.on('error', () => undefined);
  try {
    const [role] = (await client.call('ROLE')) as [string];
    return role === 'master';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** A reply of names and values in turn. */
function fields(reply: unknown): Fields {
  const list = reply as string[];
  return Object.fromEntries(list.flatMap((name, at) => (at % 2 ? [] : [[name, list[at + 1] ?? '']])));
}
