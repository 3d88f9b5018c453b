import { Logger } from '@nestjs/common';
import { globMatcher } from '../keys/glob.js';

/** Hears a message; it may be asynchronous, but nobody waits for it. */
export type MessageCallback<Payload = unknown> = (payload: Payload, channel: string) => unknown;

interface Message {
  channel: string;
  /** For subscribers of this pattern only. */
  pattern?: string;
  /** Only for subscribers of the channel, not of patterns. */
  exactly?: boolean;
  text: string;
}

interface Subscribers {
  matches: (channel: string) => boolean;
  callbacks: Set<{ call: MessageCallback }>;
}

/** After so many messages in one go (callbacks that publish) everybody else gets a turn. */
const MESSAGES_A_TURN = 1_000;
const MAX_QUEUED = 10_000;

/** Channels of one process, and the delivery to callbacks for those of many. */
export class MemoryPubSub {
  private readonly log = new Logger('Redis');
  private readonly channels = new Map<string, Subscribers>();
  private readonly patterns = new Map<string, Subscribers>();
  private readonly queue: Message[] = [];
  private delivering = false;

  /** @returns how to stop, which says whether it was the channel's last callback */
  subscribe(channel: string, call: MessageCallback): () => boolean {
    return add(this.channels, channel, () => (other) => other === channel, call);
  }

  /** @returns how to stop, which says whether it was the pattern's last callback */
  psubscribe(pattern: string, call: MessageCallback): () => boolean {
    return add(this.patterns, pattern, () => globMatcher(pattern), call);
  }

  /**
   * To all callbacks whose channel or pattern fits, in the order of the calls, also where a callback publishes.
   *
   * @param text JSON; every callback gets a payload of its own
   * @throws RangeError when callbacks publish faster than messages can be delivered
   */
  deliver(message: Message): void {
    if (this.queue.length >= MAX_QUEUED)
      throw new RangeError(`${MAX_QUEUED} messages wait for delivery: do callbacks publish in a circle?`);
    this.queue.push(message);
    if (!this.delivering) this.drain();
  }

  private drain(): void {
    this.delivering = true;
    for (let count = 0; count < MESSAGES_A_TURN; count++) {
      const message = this.queue.shift();
      if (!message) {
        this.delivering = false;
        return;
      }
      this.tell(message);
    }
    setImmediate(() => this.drain());
  }

  private tell(message: Message): void {
    const { channel, text } = message;
    for (const { callbacks } of this.subscribersOf(message)) {
      for (const callback of [...callbacks]) {
        // Stopped by a callback before it.
        if (callbacks.has(callback)) void this.call(callback.call, text, channel);
      }
    }
  }

  private subscribersOf({ channel, pattern, exactly }: Message): Subscribers[] {
    const byPattern = (
      pattern === undefined ? [...this.patterns.values()] : [this.patterns.get(pattern)]
    ).filter((subscribers) => subscribers !== undefined);
    if (pattern !== undefined) return byPattern;
    const byChannel = this.channels.get(channel);
    const fitting = exactly ? [] : byPattern.filter(({ matches }) => matches(channel));
    return byChannel ? [byChannel, ...fitting] : fitting;
  }

  private async call(callback: MessageCallback, text: string, channel: string): Promise<void> {
    try {
      await callback(JSON.parse(text), channel);
    } catch (error) {
      this.log.error(`A subscriber of channel "${channel}" failed.`, error);
    }
  }
}

function add(
  all: Map<string, Subscribers>,
  name: string,
  matcher: () => Subscribers['matches'],
  call: MessageCallback,
): () => boolean {
  const subscribers = all.get(name) ?? { matches: matcher(), callbacks: new Set() };
  const callback = { call };
  subscribers.callbacks.add(callback);
  all.set(name, subscribers);
  return () => {
    if (!subscribers.callbacks.delete(callback) || subscribers.callbacks.size > 0) return false;
    all.delete(name);
    return true;
  };
}
