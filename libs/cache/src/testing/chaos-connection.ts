import type { Socket } from 'node:net';
import { ChaosLane, cut, type LaneWeather } from './chaos-lane.js';

/** The two ways through a connection. */
export type ChaosWay = 'toServer' | 'toClient';

/** A connection through a `ChaosProxy`, as predicates see it. */
export interface ChaosConnection {
  /** Counted from 1 in the order of connecting. */
  readonly id: number;
  /** It has sent SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE: a pub/sub link, which carries nothing else from then on. */
  readonly subscribes: boolean;
}

/** A command as Redis clients send it: an array whose first element is the name. */
const SUBSCRIBE = /\*\d+\r\n\$(?:9|10)\r\n[ps]?subscribe\r\n/i;
/** Longer than what {@link SUBSCRIBE} matches, so that a command cut in two by the network is found. */
const TAIL_BYTES = 64;

/** A client, its link to the server, and the lanes between them. */
export class ProxiedConnection implements ChaosConnection {
  subscribes = false;
  private readonly lanes: readonly ChaosLane[];
  private tail = '';

  constructor(
    readonly id: number,
    private readonly client: Socket,
    private readonly server: Socket,
    weather: (way: ChaosWay, connection: ChaosConnection) => LaneWeather,
    maxBytes: number,
  ) {
    // Before the lane hears of the bytes: a rule about subscribers holds for the SUBSCRIBE itself.
    client.on('data', (bytes: Buffer) => this.inspect(bytes));
    this.lanes = [
      new ChaosLane(client, server, weather('toServer', this), maxBytes),
      new ChaosLane(server, client, weather('toClient', this), maxBytes),
    ];
    for (const socket of [client, server]) socket.setNoDelay(true);
  }

  /** Calls `listener` when neither side is connected any more. */
  onGone(listener: () => void): void {
    const check = (): void => {
      if (this.client.destroyed && this.server.destroyed) listener();
    };
    for (const socket of [this.client, this.server]) socket.on('close', check);
  }

  pump(): void {
    for (const lane of this.lanes) lane.pump();
  }

  /** RST to both sides. */
  reset(): void {
    for (const lane of this.lanes) lane.drop();
    for (const socket of [this.client, this.server]) cut(socket);
  }

  private inspect(bytes: Buffer): void {
    if (this.subscribes) return;
    const text = this.tail + bytes.toString('latin1');
    this.subscribes = SUBSCRIBE.test(text);
    this.tail = text.slice(-TAIL_BYTES);
  }
}
