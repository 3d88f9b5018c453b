import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { ConnectedSockets } from './connected-sockets.js';

/** What may wait for a client to read it; beyond it the log is the better place. */
const MAX_PACKETS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;
const LOOK_EVERY_MS = 250;

/** The parts of an Engine.IO connection that tell how far behind its client is; not all are in its types. */
interface Outgoing {
  writeBuffer: readonly { data?: string | Buffer }[];
  transport: { socket?: { bufferedAmount?: number; terminate?: () => void } };
  close(discard: boolean): void;
}

/**
 * Drops the connection of a client that reads more slowly than it is written to, before what waits for it fills the
 * memory. To the client it is a broken link: it connects again and resumes from the event log.
 */
@Injectable()
export class SlowReaders implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Socket');
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sockets: ConnectedSockets) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    for (const { session } of this.sockets.values()) {
      const outgoing = session.socket.conn as unknown as Outgoing;
      if (isBehind(outgoing)) this.drop(session.socket, outgoing);
    }
  }

  private drop({ id }: Socket, outgoing: Outgoing): void {
    this.logger.warn({ msg: 'A client that reads too slowly was disconnected', socketId: id });
    const { socket } = outgoing.transport;
    // Without the closing handshake, which would wait behind everything that is not read.
    if (socket?.terminate) socket.terminate();
    else outgoing.close(true);
  }
}

function isBehind({ writeBuffer, transport }: Outgoing): boolean {
  if (writeBuffer.length > MAX_PACKETS) return true;
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) {
    if (bytes > MAX_BYTES) break;
    bytes += data?.length ?? 0;
  }
  return bytes > MAX_BYTES;
}
