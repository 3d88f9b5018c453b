import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const POLL_DEADLINE_MS = 5_000;
/** Probes in a row that must fail, as orchestrators have it: one may fail on a busy machine. */
const FAILURES = 3;
/** Nobody has gone meanwhile who was ready: instances say so well before. */
const KNOWS_MS = 1_000;

/** Sends new connections to the instances whose `/readyz` says yes, one after the other, as a load balancer does. */
export class Balancer {
  readonly url: string;
  private readonly ready = new Set<string>();
  private readonly connections = new Set<Socket>();
  private readonly polling: Promise<unknown>;
  /** When the last look at each began that left no doubt. */
  private readonly knownAt = new Map<string, number>();
  private turn = 0;
  private stopped = false;

  private constructor(
    private readonly server: Server,
    instances: readonly string[],
  ) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => this.forward(client));
    this.polling = Promise.all(instances.map((instance) => this.poll(instance)));
  }

  /** @param instances their base URLs */
  static async start(instances: readonly string[]): Promise<Balancer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const balancer = new Balancer(server, instances);
    while (balancer.ready.size < instances.length) await sleep(POLL_MS);
    return balancer;
  }

  isReady(instance: string): boolean {
    return this.ready.has(instance);
  }

  /** Whether it stood still for so long that some instance may have gone without its knowing. */
  hasMissed(): boolean {
    const now = performance.now();
    return [...this.ready].some((instance) => now - (this.knownAt.get(instance) ?? now) > KNOWS_MS);
  }

  /** The base URL of an instance that takes requests. */
  pick(): string {
    const ready = [...this.ready];
    const picked = ready[this.turn++ % ready.length];
    if (picked === undefined) throw new Error('No instance is ready.');
    return picked;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.polling;
    for (const connection of this.connections) connection.destroy();
    this.server.close();
  }

  private async poll(instance: string): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      const began = performance.now();
      const signal = AbortSignal.timeout(POLL_DEADLINE_MS);
      const answer = await fetch(`${instance}/readyz`, { signal }).catch(() => undefined);
      failures = answer?.ok ? 0 : failures + 1;
      // Whoever still answers that it goes is there; who does not answer may not be.
      if (answer) this.knownAt.set(instance, began);
      if (failures === 0) this.ready.add(instance);
      else if (failures >= FAILURES) this.ready.delete(instance);
      await answer?.body?.cancel();
      await sleep(POLL_MS);
    }
  }

  private forward(client: Socket): void {
    if (this.ready.size === 0) return void client.destroy();
    const instance = connect(Number(new URL(this.pick()).port), '127.0.0.1');
    for (const [one, other] of [
      [client, instance],
      [instance, client],
    ] as const) {
      this.connections.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.connections.delete(one);
        other.destroy();
      });
    }
  }
}
