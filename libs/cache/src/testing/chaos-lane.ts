import type { Socket } from 'node:net';

/** What the network does to a lane at the moment. */
export interface LaneWeather {
  /** Nothing gets through. */
  dark(): boolean;
  /** How much later than it was sent the next piece arrives, in ms. */
  lateMs(): number;
}

type Parcel = { readonly dueAt: number } & (
  { readonly bytes: Buffer } | { readonly ending: 'end' | 'reset' }
);

/**
 * One direction of a connection. Like TCP it never loses, repeats or reorders anything, ends included: bad weather
 * only makes things late. What is under way is bounded; then the sender is no longer read, and its writes back up.
 */
export class ChaosLane {
  private readonly parcels: Parcel[] = [];
  private bytes = 0;
  private full = false;
  private draining = false;
  private ended = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly weather: LaneWeather,
    private readonly maxBytes: number,
  ) {
    from.on('data', (bytes: Buffer) => this.take(bytes));
    from.on('end', () => this.finish('end'));
    from.on('error', () => this.finish('reset'));
    from.on('close', () => this.finish('end'));
    // Read on without a receiver, to learn when the sender ends too.
    to.on('close', () => {
      this.drop();
      from.resume();
    });
  }

  /** Sends on what may go; asked again whenever the weather gets better. */
  pump(): void {
    clearTimeout(this.timer);
    while (this.parcels.length > 0 && !this.draining && !this.weather.dark()) {
      const [parcel] = this.parcels as [Parcel];
      const waitMs = parcel.dueAt - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      this.parcels.shift();
      this.deliver(parcel);
    }
  }

  /** Forgets what is under way. */
  drop(): void {
    clearTimeout(this.timer);
    this.parcels.length = 0;
    this.bytes = 0;
  }

  private take(bytes: Buffer): void {
    if (this.to.destroyed) return;
    this.bytes += bytes.length;
    if (this.bytes >= this.maxBytes) {
      this.full = true;
      this.from.pause();
    }
    this.enqueue({ bytes, dueAt: this.dueAt() });
  }

  private finish(ending: 'end' | 'reset'): void {
    if (this.ended) return;
    this.ended = true;
    this.enqueue({ ending, dueAt: this.dueAt() });
  }

  private enqueue(parcel: Parcel): void {
    if (this.to.destroyed) return;
    this.parcels.push(parcel);
    if (this.parcels.length === 1) this.pump();
  }

  /** One that is due earlier than those before it still waits for them. */
  private dueAt(): number {
    return performance.now() + this.weather.lateMs();
  }

  private deliver(parcel: Parcel): void {
    if ('ending' in parcel) {
      if (parcel.ending === 'end') this.to.end();
      else cut(this.to);
      return;
    }
    this.bytes -= parcel.bytes.length;
    if (!this.to.write(parcel.bytes)) {
      this.draining = true;
      this.to.once('drain', () => {
        this.draining = false;
        this.pump();
      });
    }
    if (this.full && this.bytes < this.maxBytes) {
      this.full = false;
      this.from.resume();
    }
  }
}

/** RST. Not before there is a connection, nor while its end is being sent: then the system refuses, and leaks it. */
export function cut(socket: Socket): void {
  const ending = socket.writableEnded && !socket.writableFinished;
  if (socket.connecting || ending) socket.destroy();
  else socket.resetAndDestroy();
}
