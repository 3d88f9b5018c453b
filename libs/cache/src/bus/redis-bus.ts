import type { LoggerService } from '@nestjs/common';
import type { Clock, Timer } from '../clock.js';
import type { Bus, BusListener } from './bus.js';
import { parseMessage } from './bus-message.js';

/** L1 serves no longer than this after the last proof that notices arrive. */
const TRUST_MS = 2_000;
const HEARTBEAT_MS = 500;
/** A subscription that was silent for this long is given up and opened again. */
const SILENT_MS = 5_000;

/** A server that notices are published on: one, or every primary of a Cluster. */
export interface BusServer {
  readonly id: string;
  /** Rejects, or does nothing, when the server cannot be reached. */
  publish(channel: string, text: string): Promise<unknown>;
}

/** Told what happens to a {@link BusLink}. */
export interface BusLinkListener {
  /** The subscription stands, for the first time or again. */
  onSubscribed(): void;
  onClosed(): void;
  onText(channel: string, text: string): void;
  onError(error: unknown): void;
}

/** A subscription that opens itself again whenever it is lost, and the servers that publish to it. */
export interface BusLink {
  start(channels: readonly string[], listener: BusLinkListener): void;
  servers(): readonly BusServer[];
  /** Gives the connection up and opens another one. */
  reopen(): void;
  stop(): void;
}

export interface RedisBusOptions {
  readonly channel: string;
  readonly ownChannel: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: LoggerService;
}

interface Proof {
  sent: number;
  proven: number;
  until: number;
}

/**
 * Notices between the instances over pub/sub. Pub/sub loses messages silently, so the bus proves to itself that it
 * does not: it sends itself numbered heartbeats through every server that publishes notices, on the connection that
 * carries them. A heartbeat that comes back shows that everything published there before it has arrived.
 */
export class RedisBus implements Bus {
  readonly isShared = true;
  era = 0;
  private trustedUntil = Number.NEGATIVE_INFINITY;
  private subscribed = false;
  private lastProofAt = 0;
  private proofs = new Map<string, Proof>();
  private timer?: Timer;
  private stopped = false;
  private waiters: (() => void)[] = [];
  private listener?: BusListener;

  constructor(
    private readonly link: BusLink,
    private readonly options: RedisBusOptions,
  ) {}

  /** Whether every notice sent more than {@link TRUST_MS} ago has arrived. */
  inStep(now: number): boolean {
    return now < this.trustedUntil;
  }

  start(listener: BusListener): void {
    this.listener = listener;
    this.link.start([this.options.channel, this.options.ownChannel], {
      onSubscribed: () => this.subscribedAgain(),
      onClosed: () => this.lose(),
      onText: (channel, text) => this.onText(channel, text),
      // The link goes on by itself; without a subscription L1 stays unused and calls go to Redis.
      onError: (error) =>
        this.options.logger.warn(`The cache cannot subscribe to invalidations: ${String(error)}`),
    });
    this.schedule();
  }

  /** Resolves when the bus is in step, or after `ms`. */
  async ready(ms: number): Promise<void> {
    if (this.inStep(this.options.clock.now())) return;
    await new Promise<void>((resolve) => {
      const timer = this.options.clock.after(ms, resolve);
      this.waiters.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.link.stop();
    this.lose();
    for (const wake of this.waiters.splice(0)) wake();
  }

  private subscribedAgain(): void {
    if (this.stopped) return;
    this.subscribed = true;
    // Also for the first time: what is being loaded has not heard the notices of before.
    this.lose();
    this.subscribed = true;
    this.era++;
    this.proofs.clear();
    this.lastProofAt = this.options.clock.now();
    this.beat();
  }

  private lose(): void {
    this.trustedUntil = Number.NEGATIVE_INFINITY;
    if (!this.subscribed) return;
    this.subscribed = false;
    this.listener?.onLost();
  }

  private onText(channel: string, text: string): void {
    if (this.stopped) return;
    if (channel === this.options.ownChannel && text.startsWith('h ')) {
      this.onProof(text);
      return;
    }
    const message = parseMessage(text, this.options.instance);
    if (message) this.listener?.onMessage(message);
  }

  private onProof(text: string): void {
    const [, era, server = '', beat, sentAt] = text.split(' ');
    const proof = this.proofs.get(server);
    // One from before the subscription says nothing about what came after it.
    if (!this.subscribed || !proof || Number(era) !== this.era || Number(beat) <= proof.proven) return;
    if (Number(beat) !== proof.proven + 1) {
      // A heartbeat is missing, so notices may be: what was kept so far is void.
      this.restart();
      return;
    }
    proof.proven = Number(beat);
    proof.until = Number(sentAt) + TRUST_MS;
    this.lastProofAt = this.options.clock.now();
    this.trustedUntil = Math.min(...[...this.proofs.values()].map(({ until }) => until));
    if (this.inStep(this.lastProofAt)) for (const wake of this.waiters.splice(0)) wake();
  }

  /** Begins to prove anew; heartbeats of before are not counted. */
  private restart(): void {
    this.era++;
    this.trustedUntil = Number.NEGATIVE_INFINITY;
    this.proofs.clear();
    this.listener?.onLost();
    this.beat();
  }

  private schedule(): void {
    this.timer = this.options.clock.after(HEARTBEAT_MS, () => {
      this.schedule();
      this.beat();
    });
  }

  private beat(): void {
    if (!this.subscribed || this.stopped) return;
    const { clock, ownChannel, logger } = this.options;
    const now = clock.now();
    if (now - this.lastProofAt > SILENT_MS) {
      // Half-open: nothing arrives and nobody says so. Subscribing anew is the only way to know.
      this.lastProofAt = now;
      this.lose();
      this.link.reopen();
      return;
    }
    const servers = this.link.servers();
    if (this.haveChanged(servers)) {
      this.restart();
      return;
    }
    for (const server of servers) {
      const { id } = server;
      const proof = this.proofs.get(id) ?? { sent: 0, proven: 0, until: Number.NEGATIVE_INFINITY };
      this.proofs.set(id, proof);
      server.publish(ownChannel, `h ${this.era} ${id} ${++proof.sent} ${now}`).catch((error: unknown) => {
        // The missing proof is what counts; L1 stops serving by itself.
        logger.debug?.(`A heartbeat of the cache was not sent: ${String(error)}`);
      });
    }
  }

  /** Another primary may have published notices on links that were not proven yet. */
  private haveChanged(servers: readonly BusServer[]): boolean {
    if (this.proofs.size === 0) return false;
    return servers.length !== this.proofs.size || servers.some(({ id }) => !this.proofs.has(id));
  }
}
