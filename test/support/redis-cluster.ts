import { Redis } from 'ioredis';
import { ClusterView } from './cluster-view.js';
import { eventually } from './eventually.js';
import { startRedis, type RedisServer } from './redis-server.js';
import { freePort } from './server-process.js';

const SLOTS = 16_384;
/** After so long without an answer a node counts as failed; a replica takes over about a second later. */
const NODE_TIMEOUT_MS = 1_000;

export interface ClusterNode extends RedisServer {
  /** Name of the node in the cluster; it stays the same over a restart. */
  readonly id: string;
}

export interface RedisClusterOptions {
  /** @default 3 */
  primaries?: number;
  /** Of all primaries together; handed out in turn. @default 3 */
  replicas?: number;
  /** Further arguments of every redis-server. */
  args?: string[];
}

/** A node, with a connection to ask it how it sees the cluster. */
interface Member extends ClusterNode {
  readonly admin: Redis;
  readonly busPort: number;
}

/** A Redis Cluster of the test's own: real servers on loopback ports, ready and agreed when this resolves. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { primaries = 3, replicas = 3, args = [] } = options;
  const ports = await freePorts(2 * (primaries + replicas));
  const members = await Promise.all(
    Array.from({ length: primaries + replicas }, (_, at) =>
      startMember(ports[2 * at]!, ports[2 * at + 1]!, args),
    ),
  );
  const cluster = new RedisCluster(members);
  try {
    await join(members, primaries);
    await cluster.settled('the cluster to form', (view) => view.replicas === replicas);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export class RedisCluster {
  constructor(private readonly members: readonly Member[]) {}

  /** Primaries first, as they were at the start. */
  get nodes(): readonly ClusterNode[] {
    return this.members;
  }

  /** What `new Cluster(…)` of ioredis takes. */
  get startupNodes(): { host: string; port: number }[] {
    return this.members.map(({ host, port }) => ({ host, port }));
  }

  /** The node that answers for a key now. */
  async primaryOf(key: string): Promise<ClusterNode> {
    const view = await this.agreed();
    const slot = await this.memberOf(view.observer).admin.cluster('KEYSLOT', key);
    return this.memberOf(view.ownerOf(slot));
  }

  /** Ends a node at once (SIGKILL) and waits for nothing; `node.restart()` brings it back. */
  kill(node: ClusterNode): Promise<void> {
    return node.kill();
  }

  /** Hands a primary's part to its replica in good order; resolves with the new primary when all nodes agree. */
  async failover(primary: ClusterNode): Promise<ClusterNode> {
    const [replica] = (await this.agreed()).replicasOf(primary.id);
    if (!replica) throw new Error(`Node ${primary.id} has no replica that could take over.`);
    await this.memberOf(replica).admin.cluster('FAILOVER');
    await this.settled('the replica to take over', (view) => {
      return view.isPrimary(replica) && view.replicasOf(replica).includes(primary.id);
    });
    return this.memberOf(replica);
  }

  /** Ends a primary at once (SIGKILL); resolves with the replica that took over, when those that are left agree. */
  async killPrimary(primary: ClusterNode): Promise<ClusterNode> {
    const before = await this.agreed();
    const slot = before.firstSlotOf(primary.id);
    await primary.kill();
    const after = await this.settled('a replica to take over', (view) => view.ownerOf(slot) !== primary.id);
    return this.memberOf(after.ownerOf(slot));
  }

  /**
   * Waits until every node that answers says `cluster_state:ok`, all see the same, and it is as wanted.
   *
   * @throws after 20 s
   */
  settled(what: string, wanted: (view: ClusterView) => boolean): Promise<ClusterView> {
    return eventually(what, async () => {
      const views = (await Promise.all(this.members.map(viewOf))).filter((view) => view !== undefined);
      const [first] = views;
      const majority = views.length > this.members.length / 2;
      const agreed = majority && views.every((view) => view.healthy && view.layout === first?.layout);
      return agreed && first && wanted(first) ? first : undefined;
    });
  }

  async stop(): Promise<void> {
    for (const { admin } of this.members) admin.disconnect();
    await Promise.all(this.members.map((member) => member.stop()));
  }

  private agreed(): Promise<ClusterView> {
    return this.settled('the nodes to agree', () => true);
  }

  private memberOf(id: string): Member {
    const found = this.members.find((member) => member.id === id);
    if (found) return found;
    throw new Error(`The cluster has no node ${id}.`);
  }
}

async function startMember(port: number, busPort: number, args: string[]): Promise<Member> {
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    'cluster-port': busPort,
    'cluster-node-timeout': NODE_TIMEOUT_MS,
    // A replica takes over however long it has been without its primary, and stays with it.
    'cluster-replica-validity-factor': 0,
    'cluster-allow-replica-migration': 'no',
    'repl-ping-replica-period': 1,
    'repl-diskless-sync-delay': 0,
  };
  const own = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = await startRedis({ port, args: [...own, ...args] });
  const admin = new Redis(port, server.host, {
    commandTimeout: 500,
    enableReadyCheck: false,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
  });
  admin.on('error', () => undefined);
  const id = await admin.cluster('MYID');
  // The descriptors keep `pid` a getter.
  return Object.defineProperties({ id, admin, busPort }, Object.getOwnPropertyDescriptors(server)) as Member;
}

/** Slots to the primaries, everybody introduced to everybody, replicas to their primaries. */
async function join(members: readonly Member[], primaries: number): Promise<void> {
  const [first] = members;
  await Promise.all(
    members.map(async ({ admin, host, port, busPort }, at) => {
      // Distinct epochs from the start, so that the nodes need not settle who wins a collision.
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
      if (at < primaries) {
        const from = Math.ceil((at * SLOTS) / primaries);
        await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, Math.ceil(((at + 1) * SLOTS) / primaries) - 1);
      }
      if (at > 0) await first!.admin.call('CLUSTER', 'MEET', host, port, busPort);
    }),
  );
  await Promise.all(
    members.map(async (member, at) => {
      const primary = members[at % primaries]!;
      await eventually('the nodes to know each other', async () => {
        const view = await viewOf(member);
        return view && view.size === members.length ? view : undefined;
      });
      if (at >= primaries) await member.admin.cluster('REPLICATE', primary.id);
    }),
  );
}

/** Undefined from a node that does not answer. */
async function viewOf({ admin, id }: Member): Promise<ClusterView | undefined> {
  try {
    const [nodes, info, replication] = await Promise.all([
      admin.call('CLUSTER', 'NODES') as Promise<string>,
      admin.call('CLUSTER', 'INFO') as Promise<string>,
      admin.info('replication'),
    ]);
    return new ClusterView(id, nodes, info, replication);
  } catch {
    return undefined;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
