/** Chunks that say something else than what is seen: texts (a whole character card may be one), camera and place. */
const PNG_METADATA = new Set(['tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME']);
const PNG_SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const PNG_FRAME_BYTES = 12;

/** Everything between the markers of a JPEG that is neither picture nor colour: Exif, XMP, IPTC and comments. */
const isJpegMetadata = (marker: number): boolean =>
  marker === 0xfe || (marker >= 0xe1 && marker <= 0xef && marker !== 0xe2 && marker !== 0xee);
const START_OF_SCAN = 0xda;

/**
 * The same picture, to the pixel, without what people do not know that they send along. For pictures that were decoded
 * before; PNG and JPEG only, others come back as they are.
 *
 * @param orientation - of the picture, 1 to 8: a JPEG keeps what it says about that
 */
export function withoutMetadata(content: Buffer, format: string, orientation = 1): Buffer {
  if (format === 'png') return withoutPngMetadata(content);
  return format === 'jpeg' ? withoutJpegMetadata(content, orientation) : content;
}

function withoutPngMetadata(content: Buffer): Buffer {
  const kept = [content.subarray(0, PNG_SIGNATURE_BYTES)];
  for (let at = PNG_SIGNATURE_BYTES; at + PNG_FRAME_BYTES <= content.length;) {
    const end = at + PNG_FRAME_BYTES + content.readUInt32BE(at);
    const type = content.toString('latin1', at + 4, at + 8);
    if (!PNG_METADATA.has(type)) kept.push(content.subarray(at, end));
    // What stands behind the end is no part of the picture.
    if (type === 'IEND') break;
    at = end;
  }
  return Buffer.concat(kept);
}

function withoutJpegMetadata(content: Buffer, orientation: number): Buffer {
  const kept = [content.subarray(0, 2), ...(orientation === 1 ? [] : [exifOf(orientation)])];
  let at = 2;
  while (at + 4 <= content.length && content[at] === 0xff) {
    const marker = content[at + 1]!;
    // Fill bytes may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === START_OF_SCAN) break;
    const end = at + 2 + content.readUInt16BE(at + 2);
    if (!isJpegMetadata(marker)) kept.push(content.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, content.subarray(at)]);
}

/** An Exif segment that says how the picture is turned, and nothing else. */
function exifOf(orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const head = Buffer.from('ffe10000457869660000', 'hex');
  head.writeUInt16BE(tiff.length + head.length - 2, 2);
  return Buffer.concat([head, tiff]);
}
