import {
  BatchReader,
  errorAnswer,
  isTerminate,
  readyForQueryStatus,
  rollbackQuery,
  startupAnswer,
} from './wire-protocol.js';

const message = (type: string, body = ''): Buffer => {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write(type, 0);
  bytes.writeInt32BE(4 + body.length, 1);
  bytes.write(body, 5);
  return bytes;
};
const startup = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]);

describe('BatchReader', () => {
  it('cuts the stream after Query, Sync and Terminate, wherever the chunks were cut', () => {
    const query = message('Q', 'select 1\0');
    const extended = Buffer.concat(['P', 'B', 'D', 'E', 'S'].map((type) => message(type, 'x')));
    const terminate = message('X');
    const stream = Buffer.concat([startup, query, extended, terminate]);
    for (let size = 1; size <= stream.length; size++) {
      const reader = new BatchReader();
      const batches: Buffer[] = [];
      let startups = 0;
      for (let at = 0; at < stream.length; at += size) {
        const read = reader.push(stream.subarray(at, at + size));
        batches.push(...read.batches);
        startups += Number(read.startup);
      }
      expect(startups).toBe(1);
      expect(batches).toEqual([query, extended, terminate]);
      expect(batches.map(isTerminate)).toEqual([false, false, true]);
    }
  });
});

describe('answers', () => {
  it('end with ReadyForQuery', () => {
    expect(readyForQueryStatus(startupAnswer({ server_version: '18.0' }))).toBe('I');
    expect(readyForQueryStatus(errorAnswer('55P03', 'busy'))).toBe('I');
  });

  it('without ReadyForQuery have no status', () => {
    expect(readyForQueryStatus(Buffer.alloc(0))).toBeUndefined();
    expect(readyForQueryStatus(rollbackQuery)).toBeUndefined();
  });
});
