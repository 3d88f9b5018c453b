import type { BusLink, BusLinkListener, BusServer } from '../bus/redis-bus.js';
import type { MemoryStore } from '../tiers/memory-store.js';
import type { TwinConnection } from './twin-connection.js';

const SERVER = 'twin';

/** What `RedisBus` talks through: heartbeats go out with the commands and come back, like notices, by the subscription. */
export class TwinBusLink implements BusLink {
  private listener?: BusLinkListener;
  private ownChannel = '';
  /** Whether the server knows this subscription; it forgets it with its connection. */
  private isKnown = false;
  private publishedCount = 0;
  private heardCount = 0;

  constructor(
    private readonly commands: TwinConnection,
    private readonly notices: TwinConnection,
    private readonly store: Pick<MemoryStore, 'subscribe' | 'unsubscribe'>,
    private readonly instance: string,
  ) {
    notices.onReady(() => this.subscribe());
    notices.onDown(() => this.lose());
  }

  /** How much was published to this process; with {@link hasHeard}, a mark in that stream. */
  get published(): number {
    return this.publishedCount;
  }

  /** Whether what was published up to a mark has arrived; or it never will, and the process knows that. */
  hasHeard(mark: number): boolean {
    return this.heardCount >= mark;
  }

  start([, ownChannel]: readonly string[], listener: BusLinkListener): void {
    this.ownChannel = ownChannel ?? '';
    this.listener = listener;
    if (this.notices.isUp) this.subscribe();
  }

  servers(): readonly BusServer[] {
    const publish = async (_channel: string, text: string): Promise<unknown> =>
      this.commands.isUp ? this.commands.request('heartbeat', () => this.push('heartbeat', text)) : undefined;
    return [{ id: SERVER, publish }];
  }

  reopen(): void {
    this.notices.cut();
  }

  stop(): void {
    this.listener = undefined;
    this.forget();
  }

  private subscribe(): void {
    if (!this.listener) return;
    const subscribed = this.notices.request('subscribe', () => {
      this.isKnown = true;
      this.store.subscribe(this.instance, (text) => this.push(text, text));
    });
    subscribed.then(
      () => this.listener?.onSubscribed(),
      (error: unknown) => this.listener?.onError(error),
    );
  }

  private push(label: string, text: string): void {
    if (!this.isKnown || !this.notices.isUp) return;
    this.publishedCount++;
    this.notices.push(label, () => {
      this.heardCount++;
      this.listener?.onText(this.ownChannel, text);
    });
  }

  private lose(): void {
    this.forget();
    this.heardCount = this.publishedCount;
    this.listener?.onClosed();
  }

  private forget(): void {
    this.isKnown = false;
    this.store.unsubscribe(this.instance);
  }
}
