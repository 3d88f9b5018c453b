import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { withoutWords } from './colour-profile.js';
import { exifOf } from './orientation.js';

/**
 * Chunks that are seen: pixels, colours, transparency, movement. Others are texts (a whole character card may be one),
 * camera, place and time, who signed it, or what a program keeps for itself.
 */
const SEEN = new Set(
  'IHDR PLTE IDAT IEND tRNS cHRM gAMA sRGB cICP mDCV mDCv cLLI cLLi sBIT bKGD hIST pHYs acTL fcTL fdAT'.split(
    ' ',
  ),
);
const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const FRAME_BYTES = 12;
const MAX_PROFILE_BYTES = 4 * 1_048_576;

export function withoutPngMetadata(content: Buffer, orientation: number): Buffer {
  const kept = [content.subarray(0, SIGNATURE_BYTES)];
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= content.length;) {
    const end = at + FRAME_BYTES + content.readUInt32BE(at);
    const type = content.toString('latin1', at + 4, at + 8);
    if (SEEN.has(type)) kept.push(content.subarray(at, end));
    else if (type === 'iCCP') kept.push(...profileChunk(content.subarray(at + 8, end - 4)));
    if (type === 'IHDR' && orientation !== 1) kept.push(chunk('eXIf', exifOf(orientation)));
    // What stands behind the end is no part of the picture.
    if (type === 'IEND') break;
    at = end;
  }
  return Buffer.concat(kept);
}

/** The profile has a name and is compressed; one that cannot be read is none. */
function profileChunk(data: Buffer): Buffer[] {
  const name = data.indexOf(0);
  if (name < 0) return [];
  try {
    const profile = withoutWords(
      inflateSync(data.subarray(name + 2), { maxOutputLength: MAX_PROFILE_BYTES }),
    );
    return profile
      ? [chunk('iCCP', Buffer.concat([Buffer.from('ICC\0\0', 'latin1'), deflateSync(profile)]))]
      : [];
  } catch {
    return [];
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(FRAME_BYTES + data.length);
  framed.writeUInt32BE(data.length, 0);
  framed.write(type, 4, 'latin1');
  data.copy(framed, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), framed.length - 4);
  return framed;
}
