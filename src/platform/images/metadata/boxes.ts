import { MalformedPicture } from './malformed.js';

/** A box of ISO base media, with what is in it; both are windows on the same file. */
export interface Box {
  type: string;
  /** Where it begins in the file. */
  at: number;
  /** Where its content begins in the file. */
  from: number;
  to: number;
}

/** Beyond it somebody tries what happens; pictures have some dozens. */
const MAX_BOXES = 5_000;

/** The boxes that fill this part of a file. @throws MalformedPicture when they do not fill it exactly */
export function boxesIn(file: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = [];
  for (let at = from; at < to;) {
    if (at + 8 > to || boxes.length >= MAX_BOXES) throw new MalformedPicture('Its boxes are broken.');
    let size = file.readUInt32BE(at);
    const isLarge = size === 1 && at + 16 <= to;
    if (isLarge) size = Number(file.readBigUInt64BE(at + 8));
    // Nought, only of the last one: to the end of the file.
    else if (size === 0 && to === file.length) size = to - at;
    const head = isLarge ? 16 : 8;
    if (size < head || at + size > to) throw new MalformedPicture('A box ends behind the one that it is in.');
    boxes.push({ type: file.toString('latin1', at + 4, at + 8), at, from: at + head, to: at + size });
    at += size;
  }
  return boxes;
}

/** Makes it a box that readers pass over, as long as before. */
export function freeBox(file: Buffer, { at, from, to }: Box): void {
  file.write('free', at + 4, 'latin1');
  file.fill(0, from, to);
}

/** The only one of its type, where two would leave open which one counts. */
export function onlyBox(boxes: readonly Box[], type: string): Box | undefined {
  const [found, ...others] = boxes.filter((box) => box.type === type);
  if (others.length > 0) throw new MalformedPicture(`It has more than one ${type}.`);
  return found;
}

/** Reads numbers one after another; behind the end of the box there is none. */
export class BoxReader {
  readonly version: number;

  /** Of a box that begins with its version and flags. */
  constructor(
    private readonly file: Buffer,
    public at: number,
    private readonly to: number,
  ) {
    this.version = this.number(1);
    this.number(3);
  }

  /** Of 0 to 8 bytes, the first one the highest. */
  number(bytes: number): number {
    if (this.at + bytes > this.to) throw new MalformedPicture('A box is too short.');
    let value = 0;
    for (let index = 0; index < bytes; index++) value = value * 256 + this.file[this.at + index]!;
    this.at += bytes;
    return value;
  }
}
