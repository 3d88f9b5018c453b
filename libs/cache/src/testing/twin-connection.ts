import type { Lane, Network } from './network.js';

/** What a connection asks of the server at its other end. */
export interface Endpoint {
  /** Runs a request now, or when the server goes on. */
  arrive(execute: () => void): void;
}

interface Request {
  readonly label: string;
  /** Takes place at the server. */
  readonly execute: () => () => void;
  readonly fail: (error: Error) => void;
  answered: boolean;
}

/** How a client treats commands whose answer it never got. */
export type AfterReconnect = 'resend' | 'fail';

/**
 * One TCP connection to the twin: requests arrive in order and are answered in order, until it breaks. Whatever is
 * under way then is lost, in both directions: nobody can tell a lost request from a lost answer.
 */
export class TwinConnection {
  private up = true;
  private readonly toServer: Lane;
  private readonly toClient: Lane;
  private readonly waiting = new Set<Request>();
  private readonly readyListeners: (() => void)[] = [];
  private readonly downListeners: (() => void)[] = [];
  private dialled = 0;
  private dark = false;
  private isKilled = false;

  constructor(
    /** For printed schedules. */
    readonly name: string,
    private readonly server: Endpoint,
    network: Network,
    private readonly afterReconnect: AfterReconnect,
  ) {
    this.toServer = network.lane();
    this.toClient = network.lane();
  }

  get isUp(): boolean {
    return this.up;
  }

  /** Half-open: nothing gets through any more in either direction, and neither end is told. */
  get isDark(): boolean {
    return this.dark;
  }

  /** Sends a request; resolves with what the server answers. */
  request<T>(label: string, execute: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.up) {
        reject(new Error(`${this.name} is not connected`));
        return;
      }
      const run = (): (() => void) => {
        try {
          const answer = execute();
          return () => resolve(answer);
        } catch (error) {
          const failure = error as Error;
          return () => reject(failure);
        }
      };
      this.send({ label, execute: run, fail: reject, answered: false });
    });
  }

  /** Something that the server sends by itself. */
  push(label: string, deliver: () => void): void {
    if (this.up) this.toClient.post(() => `${this.name} hears: ${label}`, deliver);
  }

  onReady(listener: () => void): void {
    this.readyListeners.push(listener);
  }

  onDown(listener: () => void): void {
    this.downListeners.push(listener);
  }

  /** Breaks; the client notices at once and dials again. */
  cut(): void {
    if (this.isKilled) return;
    this.drop();
    // What was dropped may have been the attempt to connect.
    if (!this.up) return this.dial();
    this.up = false;
    this.lighten();
    if (this.afterReconnect === 'fail') {
      for (const request of this.waiting) request.fail(new Error(`${this.name} was closed`));
      this.waiting.clear();
    }
    for (const listener of this.downListeners) listener();
    this.dial();
  }

  /** Nothing passes until {@link lighten}, or until either end gives the connection up. */
  darken(): void {
    this.dark = true;
    this.toServer.frozen = true;
    this.toClient.frozen = true;
  }

  /** What was held back is delivered after all, as TCP does. */
  lighten(): void {
    this.dark = false;
    this.toServer.frozen = false;
    this.toClient.frozen = false;
  }

  /** The client's process is gone. With `arrives`, what it had already sent still reaches the server. */
  kill(arrives: boolean): void {
    this.isKilled = true;
    this.dialled++;
    this.up = false;
    this.lighten();
    this.toClient.clear();
    if (!arrives) this.toServer.clear();
  }

  private send(request: Request): void {
    this.waiting.add(request);
    this.toServer.post(
      () => `${this.name} → server: ${request.label}`,
      () => this.server.arrive(() => this.execute(request)),
    );
  }

  private execute(request: Request): void {
    const connectedAs = this.dialled;
    const answer = request.execute();
    // The connection may have gone while the server was paused.
    if (!this.up || connectedAs !== this.dialled) return;
    this.toClient.post(
      () => `server → ${this.name}: answer to ${request.label}`,
      () => {
        this.waiting.delete(request);
        answer();
      },
    );
  }

  private drop(): void {
    this.toServer.clear();
    this.toClient.clear();
  }

  private dial(): void {
    const dialled = ++this.dialled;
    this.toServer.post(
      () => `${this.name} connects again`,
      () => {
        this.server.arrive(() => {
          if (dialled === this.dialled) this.connected();
        });
      },
    );
  }

  private connected(): void {
    this.up = true;
    const again = [...this.waiting];
    this.waiting.clear();
    for (const request of again) this.send(request);
    for (const listener of this.readyListeners) listener();
  }
}
