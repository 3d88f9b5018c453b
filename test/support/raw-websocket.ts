import { randomBytes } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const DEADLINE_MS = 15_000;

/** A websocket that does nothing by itself, not even answer a heartbeat: for tests of what goes over the wire. */
export class RawWebSocket {
  /** Resolves when the server has ended the connection. */
  readonly closed: Promise<void>;
  private received: Buffer = Buffer.alloc(0);
  private readonly messages: (string | Buffer)[] = [];
  private wake: () => void = () => undefined;
  private ended = false;

  private constructor(private readonly socket: Socket) {
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.ended = true;
        this.wake();
        resolve();
      });
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  /** @throws when the server answers without switching protocols; the message is its status */
  static open(url: string): Promise<RawWebSocket> {
    return new Promise((resolve, reject) => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      };
      const request = get(url, { headers, timeout: DEADLINE_MS });
      request.on('upgrade', (_response: IncomingMessage, socket: Socket, head: Buffer) => {
        const websocket = new RawWebSocket(socket);
        websocket.take(head);
        resolve(websocket);
      });
      request.on('response', ({ statusCode }) => reject(new Error(String(statusCode))));
      request.on('error', reject);
    });
  }

  send(message: string | Buffer): void {
    const payload = Buffer.from(message as string);
    const { length } = payload;
    const size =
      length < 126
        ? [0x80 | length]
        : length < 65_536
          ? [0x80 | 126, length >> 8, length & 255]
          : longSize(length);
    const mask = randomBytes(4);
    const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number));
    const head = [0x80 | (typeof message === 'string' ? 1 : 2), ...size];
    this.socket.write(Buffer.concat([Buffer.from(head), mask, masked]));
  }

  /** The next message. @throws when the connection ends before, or after 5 s */
  async next(): Promise<string | Buffer> {
    const timer = setTimeout(() => this.socket.destroy(), DEADLINE_MS);
    try {
      while (this.messages.length === 0) {
        if (this.ended) throw new Error('The connection has ended.');
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
      return this.messages.shift() as string | Buffer;
    } finally {
      clearTimeout(timer);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (let frame = frameOf(this.received); frame; frame = frameOf(this.received)) {
      this.received = this.received.subarray(frame.end);
      if (frame.opcode === 8) this.socket.end();
      else if (frame.opcode < 3)
        this.messages.push(frame.opcode === 1 ? frame.payload.toString() : frame.payload);
    }
    this.wake();
  }
}

function longSize(length: number): number[] {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(length));
  return [0x80 | 127, ...size];
}

/** The first whole frame; what a server sends is not masked. */
function frameOf(data: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (data.length < 2) return undefined;
  const short = (data[1] as number) & 127;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < at) return undefined;
  const length =
    short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const end = at + length;
  if (data.length < end) return undefined;
  return { opcode: (data[0] as number) & 15, payload: data.subarray(at, end), end };
}
