import { readyForQueryStatus } from './wire-protocol.js';

/** What a session needs from PGlite; narrowed so that tests can watch the order of calls. */
export interface ProtocolServer {
  execProtocolRawStream(
    message: Uint8Array,
    options: { onRawData: (data: Uint8Array) => void },
  ): Promise<void>;
}

interface Waiter {
  owner: object;
  grant: () => void;
  timer: NodeJS.Timeout;
}

/** The session stayed with another transaction for longer than the caller may wait. */
export class SessionBusyError extends Error {
  override readonly name = 'SessionBusyError';

  constructor(waitedMs: number) {
    super(
      `The embedded database was held by another transaction for ${waitedMs} ms. It runs one transaction at a time: ` +
        'a query awaited inside database.transaction() must go through database.manager (not the data source), and ' +
        'transactions must not wait for slow work. Set DATABASE_URL to use a PostgreSQL server instead.',
    );
  }
}

/**
 * The single session of an in-process PostgreSQL, shared in turns. An owner keeps its turn for one statement, or from
 * BEGIN to COMMIT/ROLLBACK: the server's own transaction status in ReadyForQuery decides, not the SQL text. Turns are
 * given first come, first served.
 */
export class EmbeddedSession {
  private holder: object | undefined;
  private readonly waiters: Waiter[] = [];
  private closed = false;

  constructor(
    private readonly server: ProtocolServer,
    private readonly acquireTimeoutMs: number,
  ) {}

  /**
   * Sends one batch of protocol messages, ended by Query or Sync, and returns the answer up to ReadyForQuery.
   * @throws SessionBusyError when the turn did not come in time; nothing was sent then.
   */
  async exchange(owner: object, batch: Uint8Array): Promise<Buffer> {
    await this.acquire(owner);
    let inTransaction = false;
    try {
      const answer = await this.send(batch);
      inTransaction = readyForQueryStatus(answer) !== 'I';
      return answer;
    } finally {
      if (!inTransaction) this.release(owner);
    }
  }

  /** Takes the turn back from an owner that is gone; what it had not committed is rolled back. */
  async abandon(owner: object, rollback: Uint8Array): Promise<void> {
    const waiting = this.waiters.findIndex((waiter) => waiter.owner === owner);
    if (waiting >= 0) clearTimeout(this.waiters.splice(waiting, 1)[0]?.timer);
    if (this.holder !== owner || this.closed) return;
    try {
      await this.send(rollback);
    } finally {
      this.release(owner);
    }
  }

  /** Sends nothing more: the server is about to stop, and rolls back what is open by itself. */
  close(): void {
    this.closed = true;
  }

  private async send(batch: Uint8Array): Promise<Buffer> {
    if (this.closed) throw new Error('The embedded database is closed.');
    const chunks: Buffer[] = [];
    // The data is a view into WebAssembly memory that the next call overwrites.
    await this.server.execProtocolRawStream(batch, { onRawData: (data) => chunks.push(Buffer.from(data)) });
    const answer = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    if (!readyForQueryStatus(answer)) {
      throw new Error(
        'The embedded database stopped answering; restart the process to recover its directory.',
      );
    }
    return answer;
  }

  private acquire(owner: object): Promise<void> {
    if (this.holder === owner) return Promise.resolve();
    if (this.holder === undefined) {
      this.holder = owner;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        owner,
        grant: resolve,
        timer: setTimeout(() => {
          this.waiters.splice(this.waiters.indexOf(waiter), 1);
          reject(new SessionBusyError(this.acquireTimeoutMs));
        }, this.acquireTimeoutMs),
      };
      this.waiters.push(waiter);
    });
  }

  private release(owner: object): void {
    if (this.holder !== owner) return;
    const next = this.waiters.shift();
    this.holder = next?.owner;
    clearTimeout(next?.timer);
    next?.grant();
  }
}
