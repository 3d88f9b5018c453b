import { withoutWords } from './colour-profile.js';
import { exifOf } from './orientation.js';

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const APP0 = 0xe0;
const APP2 = 0xe2;
/** Says how the colours are coded. */
const APP14 = 0xee;
const COMMENT = 0xfe;
/** How a segment of a colour profile begins; others of its kind point at further pictures behind the end. */
const PROFILE = 'ICC_PROFILE\0';
/** Marker, length, {@link PROFILE}, which part it is and of how many. */
const PROFILE_HEAD_BYTES = 4 + PROFILE.length + 2;

export function withoutJpegMetadata(content: Buffer, orientation: number): Buffer {
  const kept = [content.subarray(0, 2), ...(orientation === 1 ? [] : [exifSegment(orientation)])];
  for (let at = nextMarker(content, 2); at + 4 <= content.length;) {
    const marker = content[at + 1]!;
    // What stands behind the end is no part of the picture: cameras put previews there, with an Exif of their own.
    if (marker === END_OF_IMAGE) break;
    const end = at + 2 + content.readUInt16BE(at + 2);
    const next = nextMarker(content, end);
    const segment = content.subarray(at, marker === START_OF_SCAN ? next : end);
    if (!isMetadata(marker, segment)) kept.push(segment);
    at = next;
  }
  return Buffer.concat([...withoutWordsOfProfile(kept), Buffer.of(0xff, END_OF_IMAGE)]);
}

/** Segments that are neither picture nor colour: Exif, XMP, IPTC, further and smaller pictures, signatures and comments. */
function isMetadata(marker: number, segment: Buffer): boolean {
  if (marker === APP0) return !startsWith(segment, 'JFIF\0') || segment.length > 18;
  if (marker === APP2) return !isProfile(segment);
  return marker === COMMENT || (marker > APP2 && marker <= 0xef && marker !== APP14) || marker === 0xe1;
}

const startsWith = (segment: Buffer, text: string): boolean =>
  segment.toString('latin1', 4, 4 + text.length) === text;

const isProfile = (segment: Buffer): boolean =>
  segment[1] === APP2 && segment.length > PROFILE_HEAD_BYTES && startsWith(segment, PROFILE);

/** A profile takes as many segments as it needs, in any order, each with the number of its part. */
function withoutWordsOfProfile(segments: readonly Buffer[]): Buffer[] {
  const parts = segments.filter(isProfile).sort((one, other) => partOf(one) - partOf(other));
  if (parts.length === 0) return [...segments];
  const profile = withoutWords(Buffer.concat(parts.map((part) => part.subarray(PROFILE_HEAD_BYTES))));
  if (!profile) return segments.filter((segment) => !isProfile(segment));
  const cleaned = new Map<Buffer, Buffer>();
  let at = 0;
  for (const part of parts) {
    const { length } = part.subarray(PROFILE_HEAD_BYTES);
    cleaned.set(
      part,
      Buffer.concat([part.subarray(0, PROFILE_HEAD_BYTES), profile.subarray(at, at + length)]),
    );
    at += length;
  }
  return segments.map((segment) => cleaned.get(segment) ?? segment);
}

const partOf = (segment: Buffer): number => segment[PROFILE_HEAD_BYTES - 2]!;

/** Where the next segment begins. Pixels may hold an escaped 0xff and restarts, and fill bytes may stand before it. */
function nextMarker(content: Buffer, from: number): number {
  for (let at = from; at + 1 < content.length; at++) {
    if (content[at] === 0xff && beginsSegment(content[at + 1]!)) return at;
  }
  return content.length;
}

const beginsSegment = (marker: number): boolean =>
  marker > 0x01 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd7);

function exifSegment(orientation: number): Buffer {
  const exif = exifOf(orientation);
  const head = Buffer.from('ffe10000457869660000', 'hex');
  head.writeUInt16BE(exif.length + head.length - 2, 2);
  return Buffer.concat([head, exif]);
}
