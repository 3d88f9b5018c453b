/** Chunks that say something else than what is seen: texts (a whole character card may be one), camera and place. */
const PNG_METADATA = new Set(['tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME']);
const PNG_SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const PNG_FRAME_BYTES = 12;

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
/** How a segment of a colour profile begins; others of its kind point at further pictures behind the end. */
const PROFILE = 'ICC_PROFILE\0';

/** Segments of a JPEG that are neither picture nor colour: Exif, XMP, IPTC, further pictures and comments. */
function isJpegMetadata(marker: number, segment: Buffer): boolean {
  if (marker === 0xe2) return segment.toString('latin1', 4, 4 + PROFILE.length) !== PROFILE;
  return marker === 0xfe || (marker >= 0xe1 && marker <= 0xef && marker !== 0xee);
}

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
  for (let at = nextMarker(content, 2); at + 4 <= content.length;) {
    const marker = content[at + 1]!;
    // What stands behind the end is no part of the picture: cameras put previews there, with an Exif of their own.
    if (marker === END_OF_IMAGE) break;
    const end = at + 2 + content.readUInt16BE(at + 2);
    const next = nextMarker(content, end);
    const segment = content.subarray(at, marker === START_OF_SCAN ? next : end);
    if (!isJpegMetadata(marker, segment)) kept.push(segment);
    at = next;
  }
  return Buffer.concat([...kept, Buffer.of(0xff, END_OF_IMAGE)]);
}

/** Where the next segment begins. Pixels may hold an escaped 0xff and restarts, and fill bytes may stand before it. */
function nextMarker(content: Buffer, from: number): number {
  for (let at = from; at + 1 < content.length; at++) {
    if (content[at] === 0xff && beginsSegment(content[at + 1]!)) return at;
  }
  return content.length;
}

const beginsSegment = (marker: number): boolean =>
  marker > 0x01 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd7);

/** An Exif segment that says how the picture is turned, and nothing else. */
function exifOf(orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const head = Buffer.from('ffe10000457869660000', 'hex');
  head.writeUInt16BE(tiff.length + head.length - 2, 2);
  return Buffer.concat([head, tiff]);
}
