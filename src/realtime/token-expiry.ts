import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ConnectedSockets } from './connected-sockets.js';

/** How long before its end a client is told to send another token. */
const WARNING_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Lets a socket live as long as its token, and tells the client in time to send another (`auth:refresh`); both to the
 * second. One look at all sockets takes less memory than timers of each.
 */
@Injectable()
export class TokenExpiry implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sockets: ConnectedSockets) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** From now on this is when the socket ends; milliseconds since 1970. */
  extend(socketId: string, expiresAt: number): void {
    const connected = this.sockets.get(socketId);
    if (!connected) return;
    connected.expiresAt = expiresAt;
    connected.isWarned = false;
  }

  private look(): void {
    const now = Date.now();
    for (const connected of this.sockets.values()) {
      const { expiresAt, isWarned, session } = connected;
      const left = expiresAt - now;
      if (left > WARNING_MS) continue;
      if (!isWarned) {
        connected.isWarned = true;
        session.socket.emit('auth:expiring', { expiresAt: new Date(expiresAt).toISOString() });
      }
      if (left <= 0) session.socket.disconnect(true);
    }
  }
}
