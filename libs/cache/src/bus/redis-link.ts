import type { Cluster, Redis } from 'ioredis';
import { isCluster, type RedisConnection } from '../tiers/redis-script.js';
import type { BusLink, BusLinkListener, BusServer } from './redis-bus.js';

/** How long to wait before another node is tried, or the same again. */
const RETRY_MS = 100;

/** A link over one server, or a Sentinel group: ioredis opens the subscription again by itself, mostly, and says so. */
class SingleLink implements BusLink {
  private readonly subscriber: Redis;
  private listener?: BusLinkListener;
  private channels: readonly string[] = [];
  private retry?: NodeJS.Timeout;

  /** @param given - a connection for the subscription; without one, a duplicate is made, and closed at the end */
  constructor(
    private readonly commands: Redis,
    private readonly given?: Redis,
  ) {
    // The link subscribes itself; what the client does in silence could neither be trusted nor caught.
    this.subscriber = given ?? commands.duplicate({ autoResubscribe: false, failoverDetector: true });
  }

  start(channels: readonly string[], listener: BusLinkListener): void {
    this.channels = channels;
    this.listener = listener;
    const { subscriber } = this;
    subscriber.on('error', ignoreConnectionError);
    subscriber.on('ready', this.onReady);
    subscriber.on('close', this.onClose);
    subscriber.on('end', this.onEnd);
    subscriber.on('message', this.onMessage);
    if (subscriber.status === 'wait') subscriber.connect().catch(ignoreConnectionError);
    if (subscriber.status === 'ready') this.onReady();
  }

  servers(): readonly BusServer[] {
    const { commands } = this;
    const publish = async (channel: string, text: string): Promise<unknown> =>
      commands.status === 'ready' ? commands.publish(channel, text) : undefined;
    return [{ id: 'server', publish }];
  }

  reopen(): void {
    this.subscriber.disconnect(true);
  }

  stop(): void {
    const { subscriber } = this;
    subscriber.off('ready', this.onReady);
    subscriber.off('close', this.onClose);
    subscriber.off('end', this.onEnd);
    clearTimeout(this.retry);
    subscriber.off('message', this.onMessage);
    if (this.given === undefined) subscriber.disconnect();
    else subscriber.off('error', ignoreConnectionError);
  }

  private readonly onReady = (): void => {
    this.subscriber.subscribe(...this.channels).then(
      () => this.listener?.onSubscribed(),
      (error: unknown) => this.listener?.onError(error),
    );
  };
  private readonly onClose = (): void => this.listener?.onClosed();
  /** ioredis gives up where the Sentinels change their mind while it asks them; a given connection is its owner's. */
  private readonly onEnd = (): void => {
    if (this.given) return;
    this.retry = setTimeout(() => {
      if (this.commands.status === 'end') this.onEnd();
      else if (this.subscriber.status === 'end') this.subscriber.connect().catch(ignoreConnectionError);
    }, RETRY_MS).unref();
  };
  /** A given connection may carry the channels of others, who do not speak for this cache. */
  private readonly onMessage = (channel: string, text: string): void => {
    if (this.channels.includes(channel)) this.listener?.onText(channel, text);
  };
}

/**
 * A link over a Cluster. The client's own subscription moves silently to another node when its node goes, so this one
 * is a plain connection to one node, and its end is known. A message published on any node reaches all.
 */
class ClusterLink implements BusLink {
  private subscriber?: Redis;
  private listener?: BusLinkListener;
  private channels: readonly string[] = [];
  private retry?: NodeJS.Timeout;
  private stopped = false;

  constructor(private readonly cluster: Cluster) {}

  start(channels: readonly string[], listener: BusLinkListener): void {
    this.channels = channels;
    this.listener = listener;
    this.open();
  }

  servers(): readonly BusServer[] {
    return this.cluster.nodes('master').map((node) => ({
      id: `${node.options.host}:${node.options.port}`,
      publish: async (channel, text) => (canPublish(node) ? node.publish(channel, text) : undefined),
    }));
  }

  reopen(): void {
    this.close();
    this.again();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.close();
  }

  private open(): void {
    if (this.stopped) return;
    const nodes = this.cluster.nodes('all');
    const node = nodes[Math.floor(Math.random() * nodes.length)];
    if (!node) {
      this.again();
      return;
    }
    const subscriber = node.duplicate({
      lazyConnect: true,
      autoResubscribe: false,
      retryStrategy: () => null,
      readOnly: false,
      maxRetriesPerRequest: null,
    });
    this.subscriber = subscriber;
    subscriber.on('error', ignoreConnectionError);
    subscriber.once('close', () => {
      if (this.subscriber !== subscriber) return;
      this.close();
      this.again();
    });
    subscriber.on('message', (channel, text) => {
      if (this.subscriber === subscriber) this.listener?.onText(channel, text);
    });
    subscriber
      .connect()
      .then(() => subscriber.subscribe(...this.channels))
      .then(
        () => {
          if (this.subscriber === subscriber) this.listener?.onSubscribed();
        },
        () => subscriber.disconnect(),
      );
  }

  private close(): void {
    const { subscriber } = this;
    if (!subscriber) return;
    this.subscriber = undefined;
    subscriber.disconnect();
    this.listener?.onClosed();
  }

  private again(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), RETRY_MS);
  }
}

/** A node that no command has needed yet is connected by this one. */
const canPublish = ({ status }: Redis): boolean => status === 'ready' || status === 'wait';

export function linkOf(commands: RedisConnection, subscriber?: RedisConnection): BusLink {
  if (isCluster(commands)) return new ClusterLink(commands);
  return new SingleLink(commands, subscriber as Redis | undefined);
}

/** ioredis throws what nobody listens to; the link sees the end of the connection. */
const ignoreConnectionError = (): void => undefined;
