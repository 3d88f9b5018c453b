import type { Server } from 'node:http';

const LOOK_MS = 20;

/** The requests that a server is answering, so that it can let go of connections that have none. */
export class OpenRequests {
  private answering = 0;

  constructor(private readonly server: Server) {
    server.on('request', (_request, response) => {
      this.answering += 1;
      response.once('close', () => (this.answering -= 1));
    });
  }

  /**
   * Closes all connections once nothing is being answered, and in any case after so long. A server that closes waits for
   * connections that never sent a request (browsers and proxies open some in advance) and for ones whose other end has
   * vanished.
   */
  closeWhenAnswered(maxMs: number): void {
    const until = performance.now() + maxMs;
    const look = setInterval(() => {
      if (this.answering > 0 && performance.now() < until) return;
      this.server.closeAllConnections();
    }, LOOK_MS);
    this.server.once('close', () => clearInterval(look));
    look.unref();
  }
}
