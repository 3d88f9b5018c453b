import type { ServerResponse } from 'node:http';

/** A client that takes nothing for this long is treated as gone; it resumes by `Last-Event-ID`. */
const STALL_MS = 30_000;

/** Writes the `text/event-stream` format, waiting for the client where it is slow, and keeps the connection alive. */
export class SseWriter {
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    private readonly response: ServerResponse,
    heartbeatMs: number,
  ) {
    this.heartbeat = setInterval(() => {
      // A comment behind a full buffer would only make it fuller.
      if (this.open && !response.writableNeedDrain) response.write(': keep-alive\n\n');
    }, heartbeatMs);
  }

  /** Whether there is still somebody to write to. */
  get open(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  async write(text: string): Promise<void> {
    if (!this.open || this.response.write(text)) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(stalled);
        this.response.off('drain', settle).off('close', settle);
        resolve();
      };
      const stalled = setTimeout(() => {
        this.response.destroy();
        settle();
      }, STALL_MS);
      this.response.once('drain', settle).once('close', settle);
    });
  }

  end(): void {
    clearInterval(this.heartbeat);
    if (this.open) this.response.end();
  }
}
