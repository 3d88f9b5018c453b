import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { RedisClient } from '../connections/connection-options.js';
import type { RedisConnections } from '../connections/redis-connections.js';
import { escapeGlob } from '../keys/glob.js';
import { MemoryPubSub, type MessageCallback } from './memory-pubsub.js';
import { MessageTooLarge } from './pubsub.errors.js';
import { RedisSubscriptions } from './redis-subscriptions.js';

/** Options of {@link PubSub}. */
export interface PubSubOptions {
  /** In front of every channel, e.g. `rapport:production`. */
  prefix: string;
  /** UTF-8 bytes of a payload as JSON. @default 65_536 (64 KiB) */
  maxPayloadBytes?: number;
}

/** Milliseconds between two log lines about the same kind of trouble: messages can be many. */
const QUIET_MS = 10_000;

/**
 * Messages to all instances. This process's own callbacks are called directly and exactly once, whether Redis is there
 * or not; those of other instances hear through Redis, at most once: what is published while an instance is cut off
 * does not reach it ({@link onResubscribed} tells it to look again). Per publisher and channel the order is kept.
 *
 * @example
 * const pubsub = new PubSub(connections, { prefix: 'rapport:production' });
 * const stop = await pubsub.subscribe<{ id: string }>('rooms', ({ id }) => refresh(id));
 * await pubsub.publish('rooms', { id: 'lobby' });
 * await stop();
 */
export class PubSub {
  private readonly log = new Logger('Redis');
  private readonly id = randomUUID();
  private readonly memory = new MemoryPubSub();
  private readonly subscriptions?: RedisSubscriptions;
  private readonly prefix: string;
  private readonly patternPrefix: string;
  private readonly maxPayloadBytes: number;
  private publisher: Redis | undefined;
  private quietUntil = 0;

  constructor(
    private readonly connections: RedisConnections,
    { prefix, maxPayloadBytes = 65_536 }: PubSubOptions,
  ) {
    this.prefix = `${prefix}:pubsub:`;
    this.patternPrefix = escapeGlob(this.prefix);
    this.maxPayloadBytes = maxPayloadBytes;
    const { subscriber } = connections;
    if (!subscriber) return;
    this.subscriptions = new RedisSubscriptions(connections);
    subscriber.on('message', this.receive);
    subscriber.on('pmessage', this.receiveByPattern);
  }

  /** Redis is configured, but other instances may not be heard. */
  get degraded(): boolean {
    return this.subscriptions?.inStep === false;
  }

  /**
   * @param payload anything that JSON can say
   * @returns `shared` when Redis has taken it, `local` when only this process's callbacks have (or Redis gave no answer)
   * @throws MessageTooLarge when it is over the limit; nothing is sent
   * @throws TypeError for a payload that JSON cannot say
   */
  async publish(channel: string, payload: unknown): Promise<'shared' | 'local'> {
    const text = JSON.stringify(payload) as string | undefined;
    if (text === undefined)
      throw new TypeError(`The payload for channel "${channel}" cannot be said in JSON.`);
    const bytes = Buffer.byteLength(text);
    if (bytes > this.maxPayloadBytes) throw new MessageTooLarge(channel, bytes, this.maxPayloadBytes);
    const sent = this.send(channel, text);
    this.memory.deliver({ channel, text });
    return (await sent) ? 'shared' : 'local';
  }

  /**
   * Calls back for every message of a channel. Resolves when the messages of other instances are heard too, or Redis is
   * away; it is asked again when it is back.
   *
   * @returns how to stop; from that call on the callback is not called any more
   */
  async subscribe<Payload>(
    channel: string,
    callback: MessageCallback<Payload>,
  ): Promise<() => Promise<void>> {
    const stop = this.memory.subscribe(channel, callback as MessageCallback);
    return this.follow(this.subscriptions?.channels.wanted, this.prefix + channel, stop);
  }

  /**
   * The same for every channel that fits a glob (`*`, `?`, `[a-z]`, `\` escapes). A callback that is subscribed to a
   * channel and to a pattern hears a message once for each.
   */
  async psubscribe<Payload>(
    pattern: string,
    callback: MessageCallback<Payload>,
  ): Promise<() => Promise<void>> {
    const stop = this.memory.psubscribe(pattern, callback as MessageCallback);
    return this.follow(this.subscriptions?.patterns.wanted, this.patternPrefix + pattern, stop);
  }

  /** Calls `listener` when other instances are heard again after a time in which messages may have been missed. */
  onResubscribed(listener: () => void): () => void {
    return this.subscriptions?.onResubscribed(listener) ?? (() => undefined);
  }

  close(): void {
    this.subscriptions?.close();
    this.connections.subscriber?.off('message', this.receive);
    this.connections.subscriber?.off('pmessage', this.receiveByPattern);
  }

  private async follow(
    wanted: Set<string> | undefined,
    name: string,
    stop: () => boolean,
  ): Promise<() => Promise<void>> {
    wanted?.add(name);
    await this.subscriptions?.settle();
    return async () => {
      if (!stop()) return;
      wanted?.delete(name);
      await this.subscriptions?.settle();
    };
  }

  private async send(channel: string, text: string): Promise<boolean> {
    const { commands } = this.connections;
    if (!commands || this.connections.status() !== 'ready') return false;
    try {
      await this.publisherOf(commands).publish(this.prefix + channel, `${this.id} ${text}`);
      return true;
    } catch (error) {
      this.warn(`A message stayed in this process: Redis did not take it (${(error as Error).message}).`);
      return false;
    }
  }

  /** On a Cluster, always the same server: through two of them messages could overtake each other. */
  private publisherOf(commands: RedisClient): Redis {
    if (!('nodes' in commands)) return commands;
    const nodes = commands.nodes('master');
    const usable = nodes.filter(({ status }) => status === 'ready' || status === 'wait');
    if (!this.publisher || !usable.includes(this.publisher)) {
      const from = usable.length > 0 ? usable : nodes;
      this.publisher = from[Math.floor(Math.random() * from.length)];
    }
    if (this.publisher) return this.publisher;
    throw new Error('the Cluster has no primary');
  }

  private readonly receive = (name: string, text: string): void => {
    if (!this.subscriptions?.channels.wanted.has(name)) return;
    this.accept(text, { channel: name.slice(this.prefix.length), exactly: true });
  };

  private readonly receiveByPattern = (name: string, channel: string, text: string): void => {
    if (!this.subscriptions?.patterns.wanted.has(name)) return;
    const pattern = name.slice(this.patternPrefix.length);
    this.accept(text, { channel: channel.slice(this.prefix.length), pattern });
  };

  /** What this process has published itself was delivered when it did. */
  private accept(text: string, to: { channel: string; pattern?: string; exactly?: boolean }): void {
    if (text.startsWith(`${this.id} `)) return;
    const json = text.slice(this.id.length + 1);
    try {
      if (text[this.id.length] !== ' ') throw new SyntaxError('no publisher');
      if (Buffer.byteLength(json) > this.maxPayloadBytes) throw new RangeError('too large');
      JSON.parse(json);
      this.memory.deliver({ ...to, text: json });
    } catch (error) {
      this.warn(`A message on channel "${to.channel}" was dropped: ${(error as Error).message}.`);
    }
  }

  private warn(line: string): void {
    if (Date.now() < this.quietUntil) return;
    this.quietUntil = Date.now() + QUIET_MS;
    this.log.warn(line);
  }
}
