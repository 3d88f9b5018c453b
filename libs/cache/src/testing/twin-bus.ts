import type { Bus, BusListener } from '../bus/bus.js';
import { parseMessage } from '../bus/bus-message.js';
import type { Clock } from '../clock.js';
import type { MemoryStore } from '../tiers/memory-store.js';
import type { TwinConnection } from './twin-connection.js';

/** The longest time for which L1 may be served without proof that notices arrive. */
export const TRUST_MS = 2_000;
/** A subscription that was silent for this long is given up and opened again. */
const SILENT_MS = 5_000;

/**
 * Notices between engines on the twin. It knows what a real bus proves with heartbeats: how long ago everything that
 * had been published had also arrived. So it trusts as long as the contract allows, and no schedule is spent on
 * heartbeats.
 */
export class TwinBus implements Bus {
  readonly isShared = true;
  era = 0;
  private listener?: BusListener;
  private subscribed = false;
  /** When the notices that are under way were published, oldest first. */
  private readonly sent: number[] = [];
  private publishedCount = 0;
  private heardCount = 0;
  private silentSince?: number;
  private stopped = false;
  private readonly waiters: (() => void)[] = [];

  constructor(
    private readonly connection: TwinConnection,
    private readonly store: Pick<MemoryStore, 'subscribe' | 'unsubscribe'>,
    private readonly clock: Clock,
    private readonly instance: string,
  ) {}

  /** How many notices were published to this engine; with {@link hasHeard}, a mark in their stream. */
  get published(): number {
    return this.publishedCount;
  }

  /** Whether the notices up to a mark have arrived, or were made up for by giving L1 up. */
  hasHeard(mark: number): boolean {
    return this.heardCount >= mark;
  }

  inStep(now: number): boolean {
    if (!this.subscribed) return false;
    if (this.sent.length > 0 && now - this.sent[0]! >= TRUST_MS) return false;
    return this.silentSince === undefined || now - this.silentSince < TRUST_MS;
  }

  start(listener: BusListener): void {
    this.listener = listener;
    this.connection.onReady(() => this.subscribe());
    this.connection.onDown(() => this.lose());
    if (this.connection.isUp) this.subscribe();
  }

  /** Resolves when the bus is in step, or after `ms`. */
  async ready(ms: number): Promise<void> {
    if (this.inStep(this.clock.now())) return;
    await new Promise<void>((resolve) => {
      const timer = this.clock.after(ms, resolve);
      this.waiters.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  stop(): void {
    this.stopped = true;
    this.store.unsubscribe(this.instance);
    this.lose();
    this.wake();
  }

  /** The proof stops coming: nothing arrives, or nothing can be asked. After a while the connection is given up. */
  silence(): void {
    if (this.silentSince !== undefined) return;
    const since = this.clock.now();
    this.silentSince = since;
    this.clock.after(SILENT_MS, () => {
      if (this.silentSince === since && !this.stopped) this.connection.cut();
    });
  }

  /** The proof comes again, and everything that was held back with it. */
  resume(): void {
    this.silentSince = undefined;
  }

  private subscribe(): void {
    if (this.stopped) return;
    const request = this.connection.request('subscribe', () =>
      this.store.subscribe(this.instance, this.receive),
    );
    request.then(
      () => {
        this.subscribed = true;
        this.silentSince = undefined;
        this.era++;
        this.wake();
      },
      // Cut again before it was answered; the next connection subscribes anew.
      () => undefined,
    );
  }

  private readonly receive = (text: string): void => {
    if (!this.connection.isUp) return;
    this.sent.push(this.clock.now());
    this.publishedCount++;
    this.connection.push(text, () => {
      this.sent.shift();
      this.heardCount++;
      const message = parseMessage(text, this.instance);
      if (message) this.listener?.onMessage(message);
    });
  };

  private lose(): void {
    this.store.unsubscribe(this.instance);
    this.sent.length = 0;
    this.heardCount = this.publishedCount;
    this.silentSince = undefined;
    if (!this.subscribed) return;
    this.subscribed = false;
    this.listener?.onLost();
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }
}
