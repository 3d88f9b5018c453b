import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'socket.io';

/** Tells clients to come back elsewhere, each at a time of its own, and closes whoever has not left by then. */
export class Farewell {
  private readonly dueAt = new Map<Socket, number>();

  /** @param spreadMs the times lie between now and so many milliseconds from now */
  constructor(private readonly spreadMs: number) {}

  tell(sockets: Iterable<Socket>): void {
    for (const socket of sockets) {
      const reconnectInMs = Math.round(Math.random() * this.spreadMs);
      this.dueAt.set(socket, performance.now() + reconnectInMs);
      socket.emit('server:draining', { reconnectInMs });
    }
  }

  /** Resolves when all have gone. The transport is closed, not the session: official clients connect again by themselves. */
  async sendAway(): Promise<void> {
    const queue = [...this.dueAt].sort(([, one], [, other]) => one - other);
    this.dueAt.clear();
    for (const [socket, dueAt] of queue) {
      if (!socket.connected) continue;
      const left = dueAt - performance.now();
      if (left > 0) await sleep(left);
      socket.conn.close();
    }
  }
}
