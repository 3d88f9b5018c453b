import { constants, crc32, deflateRawSync } from 'node:zlib';
import { zipSync, type Zippable } from 'fflate';

/** An archive with this document as its card. */
export const charx = (document: unknown, files: Zippable = {}): Buffer =>
  Buffer.from(zipSync({ 'card.json': Buffer.from(JSON.stringify(document)), ...files }, { level: 6 }));

/** A file of an archive, with whatever an archive may claim of it. */
export interface RawEntry {
  name: string | Buffer;
  bytes?: Buffer;
  /** Already deflated, of `size` bytes. */
  deflated?: Buffer;
  size?: number;
  sum?: number;
  flags?: number;
  mode?: number;
}

/** An archive as no packer would write it. */
export function rawZip(entries: readonly RawEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes = Buffer.alloc(0), deflated, size, sum, flags = 0, mode = 0 } of entries) {
    const path = Buffer.from(name);
    const data = deflated ?? bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags | 0x800, 2);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    common.writeUInt32LE(sum ?? crc32(bytes), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(size ?? bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.of(20, 3), common, tail, path);
    bodies.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, list, end]);
}

const MiB = 1024 * 1024;

/** `size` zeros, a multiple of 16 MiB, deflated to about a thousandth: one flushed block again and again. */
export function deflatedZeros(size: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(16 * MiB), { finishFlush: constants.Z_FULL_FLUSH });
  const last = deflateRawSync(Buffer.alloc(0));
  return Buffer.concat([...Array.from({ length: size / (16 * MiB) }, () => block), last]);
}
