import { io, type Socket } from 'socket.io-client';

interface LogEvent {
  stream: string;
  epoch: string;
  seq: number | null;
  type: string;
  data: { message?: { id: string; role: string } };
}

interface Resumed {
  epoch: string;
  status: string;
  to: number;
  events: LogEvent[];
  hasMore: boolean;
}

const ACK_MS = 10_000;
const RETRY_MS = 1_000;

/** An official client that follows one conversation by the rules of the log, over as many connections as it takes. */
export class Reader {
  /** What people said, in the order it was heard. */
  readonly heard: string[] = [];
  /** What should not happen. */
  readonly faults: string[] = [];
  /** Milliseconds from being told to come back elsewhere to being back, beyond the time that was told. */
  readonly lateBy: number[] = [];
  private readonly socket: Socket;
  private position: { epoch?: string; after?: number } = {};
  private resuming?: Promise<void>;
  private dueAt?: number;
  private retry?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    url: string,
    token: string,
    private readonly stream: string,
  ) {
    this.socket = io(url, { auth: { token, protocol: 1 }, transports: ['websocket'], forceNew: true });
    this.socket.on('connect', () => this.connected());
    this.socket.on('server:draining', ({ reconnectInMs }: { reconnectInMs: number }) => {
      this.dueAt = performance.now() + reconnectInMs;
    });
    // A refusal is not repeated by the client itself.
    this.socket.on('connect_error', (error: Error & { data?: { retryAfterMs?: number } }) => {
      if (this.socket.active || this.stopped) return;
      this.retry = setTimeout(() => this.socket.connect(), error.data?.retryAfterMs ?? RETRY_MS);
    });
    this.socket.on('disconnect', (reason) => {
      if (reason !== 'transport close' && !this.stopped) this.faults.push(`disconnected: ${reason}`);
    });
    this.socket.onAny((_type: string, event: LogEvent) => this.hear(event));
  }

  /** Where it stands, once it knows. */
  get isFollowing(): boolean {
    return this.socket.connected && this.position.epoch !== undefined && !this.resuming;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.socket.disconnect();
  }

  private connected(): void {
    if (this.dueAt !== undefined) this.lateBy.push(performance.now() - this.dueAt);
    this.dueAt = undefined;
    this.resume();
  }

  private hear(event: LogEvent): void {
    // What comes meanwhile is in the answer, or follows it.
    if (event?.stream !== this.stream || event.seq === null || this.resuming) return;
    const { epoch, after = 0 } = this.position;
    if (event.epoch === epoch && event.seq <= after) return;
    if (event.epoch === epoch && event.seq === after + 1) this.apply(event);
    else this.resume();
  }

  private apply({ epoch, seq, type, data }: LogEvent): void {
    this.position = { epoch, after: seq ?? this.position.after };
    if (type === 'message.created' && data.message?.role === 'user') this.heard.push(data.message.id);
  }

  private resume(): void {
    const { id } = this.socket;
    const asked = this.ask()
      .catch((error: unknown) => {
        // A lost link; the next connection asks again.
        if (this.socket.id === id && this.socket.connected) this.faults.push(`sync:resume: ${String(error)}`);
      })
      .finally(() => {
        if (this.resuming === asked) this.resuming = undefined;
      });
    this.resuming = asked;
  }

  private async ask(): Promise<void> {
    const { id } = this.socket;
    for (let more = true; more;) {
      const streams = [{ stream: this.stream, ...this.position }];
      const ack = (await this.socket.timeout(ACK_MS).emitWithAck('sync:resume', { streams })) as {
        data: { streams: [Resumed] };
      };
      // Another connection has asked by itself.
      if (this.socket.id !== id) return;
      const { status, epoch, to, events, hasMore } = ack.data.streams[0];
      if (status !== 'ok') this.faults.push(`the log says ${status}`);
      for (const event of events) this.apply(event);
      this.position = { epoch, after: to };
      more = hasMore;
    }
  }
}
