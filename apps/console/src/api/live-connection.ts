import { io, type Socket } from 'socket.io-client';
import type { LiveEvent } from './api.types.js';
import { ProblemError, toProblem, type Problem } from './problem.js';
import type { Session } from './session.js';

const ACK_DEADLINE_MS = 15_000;
const RETRY_MS = 2_000;
const PROTOCOL = 1;

type Ack = { ok: true; data: unknown } | { ok: false; error: unknown };

/** The event may or may not have arrived; sent again with the same id it happens once. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** The socket of whoever is signed in. It comes back by itself; what was missed is for `conversation:join` to say. */
export class LiveConnection {
  private readonly socket: Socket;
  private readonly listeners = new Set<(event: LiveEvent) => void>();
  private readonly watchers = new Set<() => void>();
  private retry?: ReturnType<typeof setTimeout>;

  constructor(private readonly session: Session) {
    this.socket = io({
      autoConnect: false,
      // WebSocket first: it needs no sticky routing. Polling remains for networks that do not let it through.
      transports: ['websocket', 'polling'],
      reconnectionDelayMax: 5_000,
      auth: (give) => {
        session.accessToken().then(
          (token) => give({ token, protocol: PROTOCOL }),
          // Without a token the handshake is refused, and the refusal leads to the next attempt.
          () => give({ protocol: PROTOCOL }),
        );
      },
    });
    this.socket.on('connect', () => this.tell());
    this.socket.on('disconnect', (reason) => {
      this.tell();
      // Socket.IO takes this for a wish of the server's; here it is an access token that has expired.
      if (reason === 'io server disconnect') this.connectSoon();
    });
    this.socket.on('connect_error', (error: Error & { data?: Problem }) => {
      this.tell();
      if (error.data) void this.afterRefusal(error.data);
    });
    this.socket.on('auth:expiring', () => void this.stayAuthenticated());
    this.socket.onAny((_type, event: LiveEvent) => {
      if (typeof event?.stream === 'string') for (const listener of this.listeners) listener(event);
    });
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  open(): void {
    this.socket.connect();
  }

  close(): void {
    clearTimeout(this.retry);
    this.socket.disconnect();
  }

  readonly onChange = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * @throws ConnectionLost when no ack came
   * @throws ProblemError what the service refused it with
   */
  async ask<Data>(event: string, payload: object): Promise<Data> {
    if (!this.socket.connected) throw new ConnectionLost('Not connected.');
    let ack: Ack;
    try {
      ack = (await this.socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, payload)) as Ack;
    } catch (cause) {
      throw new ConnectionLost('The connection was lost before the answer came.', { cause });
    }
    if (ack.ok) return ack.data as Data;
    throw new ProblemError(toProblem(ack.error));
  }

  /** When it fails, the server closes the connection at the token's end, and the next handshake brings a new one. */
  private async stayAuthenticated(): Promise<void> {
    try {
      await this.ask('auth:refresh', { token: await this.session.renew() });
    } catch (error) {
      console.warn('The connection could not take the next access token.', error);
    }
  }

  private async afterRefusal({ code }: Problem): Promise<void> {
    if (code === 'unauthenticated') {
      try {
        await this.session.renew();
      } catch (error) {
        // Signed out: whoever shows the session closes this connection. Anything else may be over soon.
        if (error instanceof ProblemError && !this.session.signedIn) return;
      }
    }
    this.connectSoon();
  }

  private connectSoon(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.socket.connect(), RETRY_MS);
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
  }
}
