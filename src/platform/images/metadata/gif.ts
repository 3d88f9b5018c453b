import { MalformedPicture } from './malformed.js';

/** Signature and screen. */
const HEAD_BYTES = 13;
const IMAGE = 0x2c;
const IMAGE_HEAD_BYTES = 10;
const EXTENSION = 0x21;
/** Duration, transparency and how a frame goes. */
const FRAME_CONTROL = 0xf9;
const APPLICATION = 0xff;
const END = 0x3b;
/** Beyond it somebody tries what happens. */
const MAX_PARTS = 50_000;
/** The two applications whose extension says how often the frames are shown. */
const REPEATS = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0']);

/** The same frames and how often they are shown, without comments, texts and what programs keep for themselves. */
export function withoutGifMetadata(content: Buffer): Buffer {
  let at = HEAD_BYTES + coloursAt(content, 10);
  const kept = [content.subarray(0, at)];
  for (let parts = 0; at < content.length && content[at] !== END; parts++) {
    if (parts > MAX_PARTS) throw new MalformedPicture('It has too many parts.');
    const from = at;
    if (content[at] === IMAGE) {
      // Colours of its own, the width of the codes, and the codes.
      at = afterBlocks(content, at + IMAGE_HEAD_BYTES + coloursAt(content, at + 9) + 1);
      kept.push(content.subarray(from, at));
    } else if (content[at] === EXTENSION) {
      at = afterBlocks(content, at + 2);
      if (content[from + 1] === FRAME_CONTROL) kept.push(content.subarray(from, at));
      if (content[from + 1] === APPLICATION) kept.push(...repeatsOf(content.subarray(from, at)));
    } else throw new MalformedPicture('Something stands between the frames.');
  }
  return Buffer.concat([...kept, Buffer.of(END)]);
}

/** Bytes of the table of colours that flags at this place announce. */
function coloursAt(content: Buffer, place: number): number {
  const flags = content[place] ?? 0;
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** Behind the blocks that begin here: each is preceded by its length, and an empty one ends them. */
function afterBlocks(content: Buffer, from: number): number {
  for (let at = from; at < content.length; at += content[at]! + 1) if (content[at] === 0) return at + 1;
  throw new MalformedPicture('A part ends behind the end of the file.');
}

/** Only how often, whatever else the application adds. */
function repeatsOf(extension: Buffer): Buffer[] {
  const name = extension.toString('latin1', 3, 14);
  const says = extension[2] === 11 && REPEATS.has(name) && extension[14] === 3 && extension[15] === 1;
  return says ? [extension.subarray(0, 18), Buffer.of(0)] : [];
}
