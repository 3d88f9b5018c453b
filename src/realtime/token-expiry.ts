import type { Socket } from 'socket.io';

/** How long before its end a client is told to send another token. */
const WARNING_MS = 60_000;
/** Longest delay a Node timer holds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Lets a socket live as long as its token, and tells the client in time to send another (`auth:refresh`). */
export class TokenExpiry {
  private stops: (() => void)[] = [];

  constructor(private readonly socket: Socket) {}

  /** From now on this is when the socket ends. */
  arm(expiresAt: Date): void {
    this.stop();
    const left = expiresAt.getTime() - Date.now();
    this.stops = [
      after(left - WARNING_MS, () =>
        this.socket.emit('auth:expiring', { expiresAt: expiresAt.toISOString() }),
      ),
      after(left, () => this.socket.disconnect(true)),
    ];
  }

  stop(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }
}

/** Never at once, so that what a connection begins with comes first. */
function after(ms: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer =
      left > MAX_TIMER_MS
        ? setTimeout(() => wait(left - MAX_TIMER_MS), MAX_TIMER_MS)
        : setTimeout(act, Math.max(0, left));
  };
  wait(ms);
  return () => clearTimeout(timer);
}
