import { withoutWords } from './colour-profile.js';
import { MalformedPicture } from './malformed.js';
import { exifOf } from './orientation.js';

/** RIFF, its length and WEBP. */
const FILE_HEAD_BYTES = 12;
/** Type and length. */
const CHUNK_HEAD_BYTES = 8;
/** Of a file or of a frame; beyond it somebody tries what happens. */
const MAX_CHUNKS = 50_000;
/** Where the chunks of a frame begin: behind place, size, duration and flags. */
const FRAME_HEAD_BYTES = 16;

const IMAGE = new Set(['VP8 ', 'VP8L', 'ALPH']);
const EXIF_FLAG = 0x08;
const PROFILE_FLAG = 0x20;
const XMP_FLAG = 0x04;

interface Chunk {
  type: string;
  data: Buffer;
}

/** The same frames, without Exif, XMP and what programs keep for themselves, and flags that say so. */
export function withoutWebpMetadata(content: Buffer, orientation: number): Buffer {
  const end = content.readUInt32LE(4) + CHUNK_HEAD_BYTES;
  if (end > content.length || end < FILE_HEAD_BYTES) throw new MalformedPicture('The file ends too early.');
  const kept = chunksOf(content.subarray(FILE_HEAD_BYTES, end)).flatMap(seen);
  const [first] = kept;
  if (first?.type === 'VP8X') {
    if (first.data.length < 10) throw new MalformedPicture('The header is too short.');
    let flags = first.data[0]! & ~(EXIF_FLAG | XMP_FLAG | PROFILE_FLAG);
    if (kept.some(({ type }) => type === 'ICCP')) flags |= PROFILE_FLAG;
    if (orientation !== 1) {
      flags |= EXIF_FLAG;
      kept.push({ type: 'EXIF', data: exifOf(orientation) });
    }
    kept[0] = { type: 'VP8X', data: Buffer.concat([Buffer.of(flags), first.data.subarray(1)]) };
  }
  const head = Buffer.from(content.subarray(0, FILE_HEAD_BYTES));
  const body = Buffer.concat(kept.map(written));
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

function seen(chunk: Chunk): Chunk[] {
  const { type, data } = chunk;
  if (IMAGE.has(type) || type === 'VP8X' || type === 'ANIM') return [chunk];
  if (type === 'ICCP') {
    const profile = withoutWords(data);
    return profile ? [{ type, data: profile }] : [];
  }
  if (type !== 'ANMF') return [];
  if (data.length < FRAME_HEAD_BYTES) throw new MalformedPicture('A frame is too short.');
  const image = chunksOf(data.subarray(FRAME_HEAD_BYTES)).filter((part) => IMAGE.has(part.type));
  return [{ type, data: Buffer.concat([data.subarray(0, FRAME_HEAD_BYTES), ...image.map(written)]) }];
}

function chunksOf(bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length;) {
    const from = at + CHUNK_HEAD_BYTES;
    const to = from <= bytes.length ? from + bytes.readUInt32LE(at + 4) : Infinity;
    if (to > bytes.length) throw new MalformedPicture('A part ends behind the end of the file.');
    chunks.push({ type: bytes.toString('latin1', at, at + 4), data: bytes.subarray(from, to) });
    // Each begins at an even place.
    at = to + (to % 2);
    if (chunks.length > MAX_CHUNKS) throw new MalformedPicture('It has too many parts.');
  }
  return chunks;
}

function written({ type, data }: Chunk): Buffer {
  const bytes = Buffer.alloc(CHUNK_HEAD_BYTES + data.length + (data.length % 2));
  bytes.write(type, 0, 'latin1');
  bytes.writeUInt32LE(data.length, 4);
  data.copy(bytes, CHUNK_HEAD_BYTES);
  return bytes;
}
