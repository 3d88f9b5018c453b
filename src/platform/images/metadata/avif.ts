import { boxesIn, BoxReader, freeBox, onlyBox, type Box } from './boxes.js';
import { withoutWords } from './colour-profile.js';
import { MalformedPicture } from './malformed.js';

/** Of the file: kinds, what there is, and the bytes of it. */
const FILE_BOXES = new Set(['ftyp', 'meta', 'mdat']);
/** Of what there is: items, where they are, what they look like, and how they belong together. */
const META_BOXES = new Set(['hdlr', 'pitm', 'iloc', 'iinf', 'iprp', 'iref', 'idat', 'dinf', 'grpl']);
/** Items that are seen: coded pictures, and those made of others. Not Exif, XMP and other files. */
const PICTURES = new Set(['av01', 'grid', 'iovl', 'iden', 'tmap']);
/** What items look like. Not descriptions and what programs keep for themselves. */
const PROPERTIES = new Set(
  'ispe pixi av1C colr auxC irot imir clap pasp a1op a1lx lsel clli mdcv cclv amve ndwt reve'.split(' '),
);
/** Beyond it somebody tries what happens; a grid of the largest pictures has some hundreds. */
const MAX_PARTS = 5_000;

interface Range {
  from: number;
  to: number;
}

/**
 * The same picture in as many bytes: nothing moves, what is not seen becomes zeros in boxes and items that readers pass
 * over. What no picture refers to goes, too, wherever it stands.
 */
export function withoutAvifMetadata(content: Buffer): Buffer {
  const file = Buffer.from(content);
  const boxes = boxesIn(file, 0, file.length);
  // A sequence has a second list of what is where, and nothing here decodes its frames.
  if (boxes.some(({ type }) => type === 'moov' || type === 'moof')) {
    throw new MalformedPicture('An AVIF that moves is not taken; send it as WebP.');
  }
  const meta = onlyBox(boxes, 'meta');
  if (!meta) throw new MalformedPicture('It has no pictures.');
  for (const box of boxes) if (!FILE_BOXES.has(box.type)) freeBox(file, box);

  // Behind its version and flags.
  const inside = boxesIn(file, meta.from + 4, meta.to);
  const only = (type: string): Box | undefined => onlyBox(inside, type);
  const [items, places, properties, data] = [only('iinf'), only('iloc'), only('iprp'), only('idat')];
  if (!items || !places || !properties) throw new MalformedPicture('It has no pictures.');
  for (const box of inside) {
    if (!META_BOXES.has(box.type)) freeBox(file, box);
    // Behind the kind of the list stands the name of the program.
    if (box.type === 'hdlr') file.fill(0, Math.min(box.from + 24, box.to), box.to);
  }
  const pictures = keepPictures(file, items);
  keepProperties(file, properties);
  const bodies = boxes.filter(({ type }) => type === 'mdat');
  if (data) bodies.push(data);
  clearBetween(file, bodies, extentsOf(file, places, pictures, data));
  return file;
}

/** Makes other items nameless ones that readers do not know. @returns the ids of those that are kept */
function keepPictures(file: Buffer, box: Box): Set<number> {
  const reader = new BoxReader(file, box.from, box.to);
  reader.number(reader.version === 0 ? 2 : 4);
  const kept = new Set<number>();
  for (const entry of boxesIn(file, reader.at, box.to)) {
    const item = new BoxReader(file, entry.from, entry.to);
    if (entry.type !== 'infe' || item.version < 2) throw new MalformedPicture('Its items have no kind.');
    const id = item.number(item.version === 2 ? 2 : 4);
    item.number(2);
    const type = file.toString('latin1', item.at, item.at + 4);
    item.number(4);
    if (PICTURES.has(type)) kept.add(id);
    else file.write('free', item.at - 4, 'latin1');
    file.fill(0, item.at, entry.to);
  }
  return kept;
}

/** Other properties stay as empty boxes: items refer to properties by their number. */
function keepProperties(file: Buffer, box: Box): void {
  const list = onlyBox(boxesIn(file, box.from, box.to), 'ipco');
  if (!list) throw new MalformedPicture('Its pictures have no properties.');
  for (const property of boxesIn(file, list.from, list.to)) {
    if (!PROPERTIES.has(property.type) || !keepColours(file, property)) freeBox(file, property);
  }
}

/** @returns false for colours that nobody can read */
function keepColours(file: Buffer, { type, from, to }: Box): boolean {
  if (type !== 'colr') return true;
  const kind = file.toString('latin1', from, Math.min(from + 4, to));
  if (kind !== 'prof' && kind !== 'rICC') return kind === 'nclx';
  const profile = withoutWords(file.subarray(from + 4, to));
  profile?.copy(file, from + 4);
  return profile !== undefined;
}

/** Where the bytes of these items are. */
function extentsOf(file: Buffer, box: Box, wanted: ReadonlySet<number>, data: Box | undefined): Range[] {
  const reader = new BoxReader(file, box.from, box.to);
  const { version } = reader;
  const sizes = reader.number(2);
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version === 0 ? 0 : sizes & 15;
  const found: Range[] = [];
  let parts = 0;
  for (let left = reader.number(version < 2 ? 2 : 4); left > 0; left--) {
    const id = reader.number(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : reader.number(2) & 15;
    const isElsewhere = reader.number(2) !== 0 || method > 1;
    const base = reader.number(baseBytes);
    for (let extents = reader.number(2); extents > 0; extents--) {
      reader.number(indexBytes);
      const from = base + reader.number(offsetBytes) + (method === 1 ? (data?.from ?? Infinity) : 0);
      const length = reader.number(lengthBytes);
      if (++parts > MAX_PARTS) throw new MalformedPicture('It has too many parts.');
      if (!wanted.has(id)) continue;
      // Nought would be everything, to the end.
      if (isElsewhere || length === 0) throw new MalformedPicture('It does not say where its pictures are.');
      found.push({ from, to: from + length });
    }
  }
  return found;
}

/** Leaves of these boxes only what lies within the ranges. */
function clearBetween(file: Buffer, bodies: readonly Box[], ranges: readonly Range[]): void {
  const inOrder = [...ranges].sort((one, other) => one.from - other.from);
  const held = [...bodies].sort((one, other) => one.from - other.from);
  let next = 0;
  for (const { from, to } of held) {
    let clearFrom = from;
    for (; next < inOrder.length && inOrder[next]!.from < to; next++) {
      const range = inOrder[next]!;
      if (range.from < from || range.to > to) break;
      if (range.from > clearFrom) file.fill(0, clearFrom, range.from);
      clearFrom = Math.max(clearFrom, range.to);
    }
    file.fill(0, clearFrom, to);
  }
  if (next < inOrder.length) throw new MalformedPicture('A picture lies outside of where its bytes are.');
}
