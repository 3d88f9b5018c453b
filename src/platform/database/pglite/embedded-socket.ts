import { Duplex } from 'node:stream';
import { SessionBusyError, type EmbeddedSession } from './embedded-session.js';
import { BatchReader, errorAnswer, isTerminate, rollbackQuery, startupAnswer } from './wire-protocol.js';

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Stands where `pg` expects a TCP socket and talks to the in-process server instead. Values, parameters and errors are
 * therefore encoded and decoded by `pg` itself, exactly as with a real server.
 */
export class EmbeddedSocket extends Duplex {
  private readonly reader = new BatchReader();
  private lastExchange: Promise<void> = Promise.resolve();

  constructor(
    private readonly session: EmbeddedSession,
    private readonly serverVersion: string,
  ) {
    super();
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    // Answers are pushed when they are there; pg asks one question at a time, which bounds them.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const { startup, batches } = this.reader.push(chunk);
    if (startup) {
      this.push(
        startupAnswer({ server_version: this.serverVersion, client_encoding: 'UTF8', TimeZone: 'UTC' }),
      );
    }
    for (const batch of batches) {
      this.lastExchange = this.lastExchange.then(() => this.answer(batch));
    }
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.session.abandon(this, rollbackQuery).then(
      () => done(error),
      (failure: Error) => done(error ?? failure),
    );
  }

  private async answer(batch: Buffer): Promise<void> {
    if (this.destroyed || isTerminate(batch)) return;
    try {
      const answer = await this.session.exchange(this, batch);
      if (!this.destroyed) this.push(answer);
    } catch (error) {
      if (error instanceof SessionBusyError) this.push(errorAnswer(LOCK_NOT_AVAILABLE, error.message));
      else this.destroy(error as Error);
    }
  }
}
