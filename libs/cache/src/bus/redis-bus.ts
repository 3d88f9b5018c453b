import type { LoggerService } from '@nestjs/common';
import type { RedisConnection } from '../tiers/redis-script.js';
import { parseMessage, type BusMessage } from './bus-message.js';

/** L1 serves no longer than this after the last proof that notices arrive. */
const TRUST_MS = 2_000;
const HEARTBEAT_MS = 500;
/** A subscription that was silent for this long is given up and opened again. */
const SILENT_MS = 5_000;

export interface RedisBusOptions {
  readonly channel: string;
  readonly instance: string;
  readonly logger: LoggerService;
  readonly onMessage: (message: BusMessage) => void;
  /** Notices may have been lost. */
  readonly onLost: () => void;
}

/**
 * Notices between the instances over pub/sub. Pub/sub loses messages silently, so the bus proves to itself that it
 * does not: it sends itself a heartbeat through the server, on the connection that carries the notices. A heartbeat
 * that comes back shows that everything published before it has arrived.
 */
export class RedisBus {
  /** Moves with every new subscription. */
  era = 0;
  private trustedUntil = Number.NEGATIVE_INFINITY;
  private subscribed = false;
  private lastProofAt = 0;
  private sentBeat = 0;
  private provenBeat = 0;
  private heartbeat?: NodeJS.Timeout;
  private stopped = false;
  private waiters: (() => void)[] = [];
  private readonly ownChannel: string;

  constructor(
    private readonly commands: RedisConnection,
    private readonly subscriber: RedisConnection,
    private readonly options: RedisBusOptions,
  ) {
    this.ownChannel = `${options.channel}:${options.instance}`;
  }

  /** Whether every notice sent more than {@link TRUST_MS} ago has arrived. */
  inStep(now: number): boolean {
    return now < this.trustedUntil;
  }

  start(): void {
    this.subscriber.on('ready', this.onReady);
    this.subscriber.on('close', this.onClose);
    this.subscriber.on('message', this.onText);
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    if (this.subscriber.status === 'ready') this.onReady();
  }

  /** Resolves when the bus is in step, or after `ms`. */
  async ready(ms: number): Promise<void> {
    if (this.inStep(performance.now())) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.heartbeat);
    this.subscriber.off('ready', this.onReady);
    this.subscriber.off('close', this.onClose);
    this.subscriber.off('message', this.onText);
    this.lose();
    for (const wake of this.waiters.splice(0)) wake();
  }

  private readonly onReady = (): void => {
    this.subscriber.subscribe(this.options.channel, this.ownChannel).then(
      () => {
        if (this.stopped) return;
        this.subscribed = true;
        this.era++;
        this.provenBeat = this.sentBeat;
        this.lastProofAt = performance.now();
        this.beat();
      },
      (error: unknown) => {
        // The connection goes on by itself; without a subscription L1 stays unused and calls go to Redis.
        if (!this.stopped)
          this.options.logger.warn(`The cache cannot subscribe to invalidations: ${String(error)}`);
      },
    );
  };

  private readonly onClose = (): void => this.lose();

  private lose(): void {
    this.trustedUntil = Number.NEGATIVE_INFINITY;
    if (!this.subscribed) return;
    this.subscribed = false;
    this.options.onLost();
  }

  private readonly onText = (channel: string, text: string): void => {
    if (channel === this.ownChannel) this.onProof(text);
    else if (channel === this.options.channel) {
      const message = parseMessage(text, this.options.instance);
      if (message) this.options.onMessage(message);
    }
  };

  private onProof(text: string): void {
    const [beat, sentAt] = text.split(' ').map(Number) as [number, number];
    // One from before the subscription says nothing about what came after it.
    if (!this.subscribed || beat <= this.provenBeat) return;
    if (beat !== this.provenBeat + 1) this.restart();
    this.provenBeat = beat;
    this.lastProofAt = performance.now();
    this.trustedUntil = Math.max(this.trustedUntil, sentAt + TRUST_MS);
    for (const wake of this.waiters.splice(0)) wake();
  }

  /** A heartbeat is missing, so notices may be: what was kept so far is void. */
  private restart(): void {
    this.era++;
    this.options.onLost();
  }

  private beat(): void {
    if (!this.subscribed || this.stopped) return;
    const now = performance.now();
    if (now - this.lastProofAt > SILENT_MS) {
      // Half-open: nothing arrives and nobody says so. Subscribing anew is the only way to know.
      this.lastProofAt = now;
      this.lose();
      this.subscriber.disconnect(true);
      return;
    }
    if (this.commands.status !== 'ready') return;
    this.commands.publish(this.ownChannel, `${++this.sentBeat} ${now}`).catch((error: unknown) => {
      // The missing proof is what counts; L1 stops serving by itself.
      this.options.logger.debug?.(`A heartbeat of the cache was not sent: ${String(error)}`);
    });
  }
}
