import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RedisClient } from '@rapport/redis';
import type { Cluster, Redis } from 'ioredis';

/** sharded: SSUBSCRIBE and SPUBLISH, since Redis 7. classic: what every Redis has, and what reaches every node of a Cluster. */
type PubSub = 'sharded' | 'classic';
type MessageListener = (channel: Buffer, message: Buffer) => void;

const RETRY_MS = 1_000;

/**
 * What Socket.IO's Redis adapter takes for its two Redis clients. The adapter subscribes once, when it is made, and
 * catches nothing; this remembers what it wanted, subscribes again whenever Redis is ready, and fails in silence, for
 * while Redis is away an instance has only its own sockets to tell. Which kind of pub/sub the server has is found out at
 * every connection, so all instances of one Redis come to the same answer, and one that starts before it does, too.
 */
export class AdapterLink {
  private readonly logger = new Logger('Socket.IO');
  private readonly channels = new Set<string>();
  private listener: MessageListener = () => undefined;
  /** Undefined while nothing is heard. */
  private heard: PubSub | undefined;
  private shardedRefused = false;
  /** Of the latest attempt to subscribe; an earlier one that is still waiting gives up. */
  private attempt = 0;
  private closed = false;

  constructor(
    private readonly publisher: RedisClient,
    private readonly subscriber: Redis,
  ) {
    // The subscriber of a Cluster is connected to one node, and a shard's channels are on another.
    this.shardedRefused = isCluster(publisher);
    subscriber.on('ready', () => this.attach());
    subscriber.on('close', () => this.lose());
    // A proxy before a Cluster: ioredis leaves the command unanswered and says this instead.
    subscriber.on('moved', () => (this.shardedRefused = true));
    for (const event of ['messageBuffer', 'smessageBuffer']) {
      subscriber.on(event, (channel: Buffer, message: Buffer) => this.receive(channel, message));
    }
    if (subscriber.status === 'ready') this.attach();
  }

  /** The adapter's listener; it asks for one kind of message only. */
  on(event: string, listener: MessageListener): this {
    if (event === 'smessageBuffer') this.listener = listener;
    return this;
  }

  ssubscribe(channel: string): void {
    this.channels.add(channel);
    // All of them: one subscription that fails is repeated with the others.
    if (this.subscriber.status === 'ready') this.attach();
  }

  sunsubscribe(channel: string): void {
    this.channels.delete(channel);
    const { heard, subscriber } = this;
    if (!heard) return;
    const done = heard === 'sharded' ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel);
    // The connection is gone, and the subscription with it.
    done.catch(() => undefined);
  }

  /** Does not wait for Redis: the adapter tells its own sockets only after this. */
  spublish(channel: string, message: string | Buffer): Promise<number> {
    const { heard, publisher } = this;
    if (heard) {
      const sent =
        heard === 'sharded' ? publisher.spublish(channel, message) : publisher.publish(channel, message);
      sent.catch((error: unknown) => {
        this.logger.debug({ msg: 'Other instances were not told', err: error });
      });
    }
    return Promise.resolve(0);
  }

  /** `PUBSUB SHARDNUMSUB <channel>`, as the adapter asks how many instances there are. Alone while Redis is away. */
  send_command(_pubsub: string, [, channel = '']: string[], answer: Answer): void {
    const { heard } = this;
    if (!heard) return answer(null, [channel, 1]);
    this.count(heard === 'sharded' ? 'SHARDNUMSUB' : 'NUMSUB', channel).then(
      (instances) => answer(null, [channel, instances]),
      // Lost just now.
      () => answer(null, [channel, 1]),
    );
  }

  close(): void {
    this.closed = true;
    this.attempt += 1;
    this.heard = undefined;
  }

  private async count(question: string, channel: string): Promise<number> {
    const { publisher } = this;
    const nodes = isCluster(publisher) ? publisher.nodes() : [publisher];
    const answers = await Promise.all(nodes.map((node) => node.call('PUBSUB', question, channel)));
    return answers.reduce<number>((sum, answer) => sum + (answer as [string, number])[1], 0);
  }

  private attach(): void {
    if (this.closed) return;
    this.attempt += 1;
    this.subscribe(this.attempt).catch((error: unknown) => {
      this.logger.error({ msg: 'Socket.IO adapter cannot subscribe', err: error });
    });
  }

  private async subscribe(attempt: number): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        const heard = await this.subscribeAll();
        if (attempt !== this.attempt) return;
        if (heard !== this.heard) this.logger.log(`Socket.IO adapter on (${heard})`);
        this.heard = heard;
        return;
      } catch (error) {
        if (attempt !== this.attempt || this.subscriber.status !== 'ready') return;
        if (failures === 0) this.logger.warn({ msg: 'Socket.IO adapter could not subscribe', err: error });
        await sleep(RETRY_MS, undefined, { ref: false });
        if (attempt !== this.attempt) return;
      }
    }
  }

  /** @throws when the server does not answer, or refuses both kinds */
  private async subscribeAll(): Promise<PubSub> {
    if (!this.shardedRefused) {
      try {
        for (const channel of this.channels) await this.subscriber.ssubscribe(channel);
        return 'sharded';
      } catch (error) {
        if ((error as Error).name !== 'ReplyError' && !this.shardedRefused) throw error;
      }
    }
    for (const channel of this.channels) await this.subscriber.subscribe(channel);
    return 'classic';
  }

  private lose(): void {
    this.attempt += 1;
    if (this.heard && !this.closed) this.logger.warn('Socket.IO adapter off: Redis is away');
    this.heard = undefined;
  }

  /** Whatever comes through the channel, this process goes on. */
  private receive(channel: Buffer, message: Buffer): void {
    if (!this.channels.has(channel.toString())) return;
    try {
      this.listener(channel, message);
    } catch (error) {
      this.logger.warn({ msg: 'A message of another Socket.IO instance could not be used', err: error });
    }
  }
}

const isCluster = (client: RedisClient): client is Cluster => 'nodes' in client;

type Answer = (error: null, answer: [channel: string, instances: number]) => void;
