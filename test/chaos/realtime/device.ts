import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { ChaosProxy } from '../../../libs/cache/src/testing/index.js';
import type { Problem } from '../../support/api-client.js';
import type { Ack } from '../../support/socket-client.js';
import { otherSide, type Side, type World } from './world.js';

const CONNECT_MS = 5_000;
/** No instance is away for longer while the other one is up. */
const OFFLINE_MS = 15_000;
const ACK_MS = 11_000;
const DARK_MS = 500;

export type Drop = 'close' | 'reset' | 'dark';

export interface Listener {
  /** Anew, or again; `server:hello` has come. */
  connected(): void;
  disconnected(): void;
  event(type: string, payload: unknown): void;
  complain(what: string): void;
}

/** The link was lost before the answer came: whether it was heard is not known. */
export class LinkLost extends Error {}

/** An official client that comes back, to whichever instance, over a network of its own. */
export class Device {
  private socket?: Socket;
  private closed = false;
  private leaving?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private wake: () => void = () => undefined;

  private constructor(
    private readonly world: World,
    private readonly token: string,
    private readonly random: () => number,
    private readonly proxies: Record<Side, ChaosProxy>,
    public side: Side,
    private readonly listener: Listener,
  ) {}

  static async start(
    world: World,
    token: string,
    side: Side,
    random: () => number,
    listener: Listener,
  ): Promise<Device> {
    const [a, b] = await Promise.all([
      ChaosProxy.start({ port: world.port('a') }),
      ChaosProxy.start({ port: world.port('b') }),
    ]);
    const device = new Device(world, token, random, { a, b }, side, listener);
    device.running = device.stayConnected();
    return device;
  }

  get isConnected(): boolean {
    return this.socket?.connected ?? false;
  }

  /** @throws LinkLost when there was no ack */
  async ask<Data>(event: string, payload: object): Promise<Ack<Data>> {
    const { socket } = this;
    if (!socket?.connected) throw new LinkLost(`${event}: not connected`);
    // The official client answers an ack that will never come only after the timeout; a lost link says so at once.
    let gone: () => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      gone = () => reject(new LinkLost(`${event}: the link was lost`));
      socket.once('disconnect', gone);
    });
    try {
      const acked = socket.timeout(ACK_MS).emitWithAck(event, payload) as Promise<Ack<Data>>;
      return await Promise.race([acked, lost]);
    } catch (error) {
      if (error instanceof LinkLost) throw error;
      this.listener.complain(`${event} had no ack within ${ACK_MS} ms`);
      throw new LinkLost(`${event}: no ack`);
    } finally {
      socket.off('disconnect', gone);
    }
  }

  async drop(how: Drop): Promise<void> {
    const proxy = this.proxies[this.side];
    if (how === 'close') this.socket?.io.engine.close();
    if (how === 'dark') {
      const undo = proxy.blackhole();
      await sleep(DARK_MS);
      proxy.reset();
      undo();
    }
    if (how === 'reset') proxy.reset();
  }

  /** Leaves for the other instance. */
  swap(): void {
    this.side = otherSide(this.side);
    this.hangUp();
  }

  async stop(): Promise<void> {
    this.closed = true;
    this.hangUp();
    await this.running;
    await Promise.all([this.proxies.a.close(), this.proxies.b.close()]);
  }

  /** A handshake that is cut short tells nobody. */
  private hangUp(): void {
    this.socket?.disconnect();
    this.wake();
  }

  private async stayConnected(): Promise<void> {
    let offlineSince = performance.now();
    while (!this.closed) {
      const { side } = this;
      const socket = this.connect(side);
      if (await this.arrives(socket, side)) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
          socket.once('disconnect', () => resolve());
          if (!socket.connected || this.closed) resolve();
        });
        this.listener.disconnected();
        offlineSince = performance.now();
      } else if (performance.now() - offlineSince > OFFLINE_MS) {
        this.listener.complain(`no instance took the connection for ${OFFLINE_MS} ms`);
        offlineSince = performance.now();
      }
      clearTimeout(this.leaving);
      socket.disconnect();
      if (this.closed) return;
      if (this.side === side && this.random() < 0.5) this.side = otherSide(side);
      await sleep(20 + this.random() * 100);
    }
  }

  private connect(side: Side): Socket {
    const transports = this.random() < 0.7 ? ['websocket'] : ['polling', 'websocket'];
    const socket = io(`http://127.0.0.1:${this.proxies[side].port}`, {
      auth: { token: this.token, clientId: 'schedule', protocol: 1 },
      transports,
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      timeout: CONNECT_MS,
    });
    this.socket = socket;
    return socket;
  }

  /** Whether it was let in; what it says first must be `server:hello`. */
  private async arrives(socket: Socket, side: Side): Promise<boolean> {
    let greeted = false;
    socket.onAny((type: string, payload: unknown) => {
      if (type === 'server:hello') {
        if (greeted) this.listener.complain('server:hello came twice');
        greeted = true;
        this.listener.connected();
        return;
      }
      if (!greeted) this.listener.complain(`${type} came before server:hello`);
      if (type === 'server:draining') this.leaveIn((payload as { reconnectInMs: number }).reconnectInMs);
      else this.listener.event(type, payload);
    });
    return new Promise<boolean>((resolve) => {
      this.wake = () => resolve(false);
      socket.once('connect', () => resolve(true));
      // The link was lost between the handshake of the engine and that of the namespace.
      socket.once('disconnect', () => resolve(false));
      socket.once('connect_error', (error: Error & { data?: Problem }) => {
        const { data } = error;
        const draining = data?.code === 'draining' && this.world.mayRefuse(side);
        if (data && !draining) this.listener.complain(`the handshake was refused: ${JSON.stringify(data)}`);
        resolve(false);
      });
      // A handshake in the dark says nothing: the client's own timeout ends in connect_error.
      socket.connect();
    });
  }

  private leaveIn(ms: number): void {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.swap(), ms);
  }
}
