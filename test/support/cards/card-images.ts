import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A chunk as it stands in a file; `sum` in the place of the right checksum. */
export function chunk(type: string, data: string | Uint8Array = '', sum?: number): Buffer {
  const body = Buffer.concat([
    Buffer.from(type, 'latin1'),
    typeof data === 'string' ? Buffer.from(data, 'latin1') : data,
  ]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length - 4, 0);
  frame.writeUInt32BE(sum ?? crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Two by two pixels, grey. */
const HEADER = chunk('IHDR', Buffer.concat([word(2), word(2), Buffer.of(8, 0, 0, 0, 0)]));
const PIXELS = deflateSync(Buffer.of(0, 10, 20, 0, 30, 40));

/** An image with these chunks before its end, and these bytes behind it. */
export const png = (chunks: readonly Buffer[] = [], after: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([
    SIGNATURE,
    HEADER,
    chunk('gAMA', word(45_455)),
    chunk('tEXt', 'Software\0a drawing program'),
    chunk('IDAT', PIXELS),
    ...chunks,
    chunk('IEND'),
    after,
  ]);

/** The same in two frames. */
export const apng = (chunks: readonly Buffer[] = []): Buffer => {
  const control = (sequence: number) =>
    chunk(
      'fcTL',
      Buffer.concat([word(sequence), word(2), word(2), word(0), word(0), Buffer.of(0, 1, 0, 2, 0, 0)]),
    );
  return Buffer.concat([
    SIGNATURE,
    HEADER,
    chunk('acTL', Buffer.concat([word(2), word(0)])),
    control(0),
    chunk('IDAT', PIXELS),
    control(1),
    chunk('fdAT', Buffer.concat([word(2), PIXELS])),
    ...chunks,
    chunk('IEND'),
  ]);
};

const base64 = (document: unknown): string => Buffer.from(JSON.stringify(document)).toString('base64');

/** A document in a text chunk, as cards have it. */
export const cardChunk = (keyword: string, document: unknown): Buffer => textChunk(keyword, base64(document));

export const textChunk = (keyword: string, text: string): Buffer => chunk('tEXt', `${keyword}\0${text}`);

export const compressedChunk = (keyword: string, text: string | Buffer): Buffer =>
  chunk('zTXt', Buffer.concat([Buffer.from(`${keyword}\0\0`), deflateSync(text)]));

export const internationalChunk = (keyword: string, document: unknown, compressed: boolean): Buffer => {
  const text = Buffer.from(base64(document));
  const head = Buffer.from(`${keyword}\0${compressed ? '\x01' : '\0'}\0en\0\0`, 'latin1');
  return chunk('iTXt', Buffer.concat([head, compressed ? deflateSync(text) : text]));
};
