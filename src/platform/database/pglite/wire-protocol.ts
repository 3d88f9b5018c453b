/**
 * The few parts of PostgreSQL's wire protocol (version 3) that stand between `pg` and an in-process server: framing,
 * the start-up answer, and errors. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export type TransactionStatus = 'I' | 'T' | 'E';

const READY_FOR_QUERY_LENGTH = 6;

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const text = (...values: string[]): Buffer => Buffer.from(values.map((value) => `${value}\0`).join(''));

const readyForQuery = (status: TransactionStatus): Buffer => message('Z', Buffer.from(status));

/** The status in the ReadyForQuery that ends an answer; undefined when the answer does not end with one. */
export function readyForQueryStatus(answer: Buffer): TransactionStatus | undefined {
  const start = answer.length - READY_FOR_QUERY_LENGTH;
  if (start < 0 || answer[start] !== 0x5a || answer.readInt32BE(start + 1) !== 5) return undefined;
  return String.fromCharCode(answer[start + 5] as number) as TransactionStatus;
}

/** AuthenticationOk, the parameters that clients read, a key nobody can cancel with, ReadyForQuery. */
export const startupAnswer = (parameters: Record<string, string>): Buffer =>
  Buffer.concat([
    message('R', int32(0)),
    ...Object.entries(parameters).map(([name, value]) => message('S', text(name, value))),
    message('K', Buffer.concat([int32(0), int32(0)])),
    readyForQuery('I'),
  ]);

export const errorAnswer = (code: string, detail: string): Buffer =>
  Buffer.concat([
    message('E', Buffer.concat([text('SERROR', 'VERROR', `C${code}`, `M${detail}`), Buffer.from([0])])),
    readyForQuery('I'),
  ]);

export const rollbackQuery: Buffer = message('Q', text('ROLLBACK'));

export const isTerminate = (batch: Buffer): boolean => batch.at(0) === 'X'.charCodeAt(0);

/** Cuts a client's byte stream into batches that end with Query, Sync or Terminate; the first is the start-up packet. */
export class BatchReader {
  private pending: Buffer = Buffer.alloc(0);
  private started = false;

  push(chunk: Buffer): { startup: boolean; batches: Buffer[] } {
    this.pending = this.pending.length ? Buffer.concat([this.pending, chunk]) : chunk;
    let startup = false;
    if (!this.started) {
      if (this.pending.length < 4 || this.pending.length < this.pending.readInt32BE(0))
        return { startup, batches: [] };
      this.pending = this.pending.subarray(this.pending.readInt32BE(0));
      this.started = startup = true;
    }
    const batches: Buffer[] = [];
    let offset = 0;
    while (this.pending.length >= offset + 5) {
      const type = String.fromCharCode(this.pending[offset] as number);
      const end = offset + 1 + this.pending.readInt32BE(offset + 1);
      if (this.pending.length < end) break;
      offset = end;
      if (type === 'Q' || type === 'S' || type === 'X') {
        batches.push(this.pending.subarray(0, offset));
        this.pending = this.pending.subarray(offset);
        offset = 0;
      }
    }
    return { startup, batches };
  }
}
