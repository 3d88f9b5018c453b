import { crc32 } from 'node:zlib';
import { PNG_LIMITS } from './card.limits.js';
import { cardInvalid } from './card-findings.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length, type and checksum. */
const FRAME_BYTES = 12;

/** A chunk of an image: a view of the file, never a copy. */
export interface PngChunk {
  type: string;
  data: Buffer;
  /** The chunk with its length and checksum, as it stands in the file. */
  whole: Buffer;
  /** Whether the checksum is right. */
  sound: boolean;
}

export interface PngChunks {
  /** From IHDR to IEND. */
  chunks: PngChunk[];
  /** What stands behind IEND; not part of the image. */
  after: Buffer;
}

export const isPng = (bytes: Buffer): boolean => bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE);

/** @throws card-invalid where the file is cut off, or the chunks are not those of an image */
export function splitPng(file: Buffer): PngChunks {
  const chunks: PngChunk[] = [];
  let at = SIGNATURE.length;
  while (chunks.at(-1)?.type !== 'IEND') {
    if (at + FRAME_BYTES > file.length) throw truncated(chunks.length);
    const end = at + FRAME_BYTES + file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    if (!/^[A-Za-z]{4}$/.test(type))
      throw cardInvalid('png-broken', `Chunk ${chunks.length} of the image has no valid type.`);
    if (end > file.length) throw truncated(chunks.length);
    if (chunks.length === 0 && type !== 'IHDR')
      throw cardInvalid('png-broken', 'The image does not begin with its header.');
    if (chunks.length === PNG_LIMITS.chunks)
      throw cardInvalid('too-many-chunks', `An image may have ${PNG_LIMITS.chunks} chunks at most.`);
    const sum = file.readUInt32BE(end - 4);
    chunks.push({
      type,
      data: file.subarray(at + 8, end - 4),
      whole: file.subarray(at, end),
      sound: crc32(file.subarray(at + 4, end - 4)) === sum,
    });
    at = end;
  }
  return { chunks, after: file.subarray(at) };
}

const truncated = (index: number) =>
  cardInvalid('png-truncated', `The image ends in the middle of chunk ${index}.`);

/** A chunk with its length and checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(FRAME_BYTES + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}

export const joinPng = (chunks: readonly Uint8Array[]): Buffer => Buffer.concat([SIGNATURE, ...chunks]);
