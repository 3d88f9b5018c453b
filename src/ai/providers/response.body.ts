import type { IncomingMessage } from 'node:http';
import { brokenReply, upstreamTimeout } from './upstream.errors.js';

const END_OF_BODY_MS = 100;

/**
 * A response read piece by piece. The silence clock runs only while a piece is awaited, so a slow reader is never
 * mistaken for a silent server.
 */
export class ResponseBody {
  private readonly pieces: AsyncIterator<Buffer>;
  private readonly decoder = new TextDecoder();
  private bytes = 0;

  constructor(
    private readonly response: IncomingMessage,
    private readonly maxBytes: number,
    private readonly signal: AbortSignal,
  ) {
    this.pieces = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next piece of text, characters never torn; undefined at the end. */
  async next(silenceMs: number): Promise<string | undefined> {
    this.signal.throwIfAborted();
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      this.response.destroy();
    }, silenceMs);
    try {
      const { done, value } = await this.pieces.next();
      if (silent) throw new Error('silent');
      this.signal.throwIfAborted();
      if (done) return undefined;
      this.bytes += value.length;
      if (this.bytes > this.maxBytes)
        throw brokenReply(`sent more than ${this.maxBytes} bytes for one reply`);
      return this.decoder.decode(value, { stream: true });
    } catch (error) {
      this.signal.throwIfAborted();
      if (silent) throw upstreamTimeout(`was silent for ${silenceMs} ms`, 'AI_STALL_TIMEOUT');
      if (error instanceof Error && error.name === 'AppError') throw error;
      throw brokenReply('broke off in the middle of the reply', error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws the reason for which the exchange was stopped from our side. */
  throwIfStopped(): void {
    this.signal.throwIfAborted();
  }

  /** The whole body. */
  async text(silenceMs: number): Promise<string> {
    let text = '';
    for (let piece = await this.next(silenceMs); piece !== undefined; piece = await this.next(silenceMs)) {
      text += piece;
    }
    return text;
  }

  /** After the reply: reads on to the end of the body, briefly, so that the connection can serve the next request. */
  async finish(): Promise<void> {
    try {
      while ((await this.next(END_OF_BODY_MS)) !== undefined);
    } catch {
      // The reply is complete; a server that does not end its answer costs a new connection, nothing more.
      this.close();
    }
  }

  /** Closes the connection unless the body was read to its end. */
  close(): void {
    if (!this.response.readableEnded) this.response.destroy();
  }
}
