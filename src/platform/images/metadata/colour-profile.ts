/** An ICC profile begins so, and then has a table of twelve bytes a tag. */
const HEADER_BYTES = 128;
const TAG_BYTES = 12;
const MAX_TAGS = 100;
const MAX_BYTES = 4 * 1_048_576;

/** Of the header: size; version, class and colour spaces; mark; flags; intent and white. Not date, device and creator. */
const HEADER_KEPT = [
  [0, 4],
  [8, 24],
  [36, 40],
  [44, 48],
  [64, 80],
] as const;
/** Its date, which must be one: the first of January 2000. */
const NO_DATE = Buffer.from('07d000010001000000000000', 'hex');

/** Tags that colours are computed with. Others say whose screen it is, of which model and serial number, and since when. */
const COLOUR_TAG =
  /^(?:[rgb]XYZ|[rgbk]TRC|wtpt|bkpt|chad|chrm|cicp|gamt|lumi|rig0|rig2|A2B[0-3]|B2A[0-3]|D2B[0-3]|B2D[0-3])$/;

/**
 * The same colours, to the bit and in as many bytes, without what the profile tells in words.
 *
 * @returns undefined for one that makes no sense; nobody can use it
 */
export function withoutWords(profile: Buffer): Buffer | undefined {
  const { length } = profile;
  if (length < HEADER_BYTES + 4 || length > MAX_BYTES || profile.readUInt32BE(0) !== length) return undefined;
  if (profile.toString('latin1', 36, 40) !== 'acsp') return undefined;
  const count = profile.readUInt32BE(HEADER_BYTES);
  const bodyAt = HEADER_BYTES + 4 + count * TAG_BYTES;
  if (count > MAX_TAGS || bodyAt > length) return undefined;

  const kept = Buffer.alloc(length);
  for (const [from, to] of HEADER_KEPT) profile.copy(kept, from, from, to);
  NO_DATE.copy(kept, 24);
  profile.copy(kept, HEADER_BYTES, HEADER_BYTES, bodyAt);

  const colours: [from: number, to: number][] = [];
  for (let at = HEADER_BYTES + 4; at < bodyAt; at += TAG_BYTES) {
    const from = profile.readUInt32BE(at + 4);
    const to = from + profile.readUInt32BE(at + 8);
    if (from < bodyAt || to > length || to < from + 8) return undefined;
    if (COLOUR_TAG.test(profile.toString('latin1', at, at + 4))) colours.push([from, to]);
    else empty(kept.subarray(from, to), profile.toString('latin1', from, from + 4));
  }
  // Last: tags may share their bytes.
  for (const [from, to] of colours) profile.copy(kept, from, from, to);
  return kept;
}

/** A value of the same type that says nothing; readers that want a description still find one. */
function empty(value: Buffer, type: string): void {
  value.write(type, 0, 'latin1');
  // One character of ASCII, the terminating zero.
  if (type === 'desc' && value.length >= 12) value.writeUInt32BE(1, 8);
  // No translations; of twelve bytes each.
  if (type === 'mluc' && value.length >= 16) value.writeUInt32BE(12, 12);
}
