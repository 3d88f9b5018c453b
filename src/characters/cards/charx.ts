import { crc32 } from 'node:zlib';
import type { Readable } from 'node:stream';
import { zipSync } from 'fflate';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { AppError } from '../../platform/errors/app-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { CardFile } from './card-file.types.js';
import { ARCHIVE_LIMITS, CARD_LIMITS } from './card.limits.js';
import { assertSafePath } from './card-paths.js';
import { cardInvalid, type CardFindings } from './card-findings.js';
import { decodeText, documentTooLarge } from './card-document.js';

const CARD_PATH = 'card.json';
const SYMBOLIC_LINK = 0o12;

const LOCAL_HEADER = Buffer.from('PK\x03\x04', 'latin1');
const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const END_OF_DIRECTORY_BYTES = 22;
const MAX_COMMENT = 0xffff;

export const isZip = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(LOCAL_HEADER);

/** The archive that stands behind another file, such as a picture of the character; undefined where there is none. */
export function zipBehind(file: Buffer): Buffer | undefined {
  const from = Math.max(0, file.length - END_OF_DIRECTORY_BYTES - MAX_COMMENT);
  const end = file.lastIndexOf(END_OF_DIRECTORY);
  if (end < from || end + END_OF_DIRECTORY_BYTES > file.length) return undefined;
  const start = end - file.readUInt32LE(end + 12) - file.readUInt32LE(end + 16);
  if (start <= 0 || !isZip(file.subarray(start))) return undefined;
  return file.subarray(start);
}

/** @throws card-invalid, or payload-too-large for more than an archive of a card may unpack to */
export async function readCharx(
  file: Buffer,
  findings: CardFindings,
): Promise<{ text: string; files: CardFile[] }> {
  const files = await readEntries(file, findings);
  const card = files.get(CARD_PATH);
  if (!card) throw cardInvalid('no-card', `The archive has no ${CARD_PATH}.`);
  files.delete(CARD_PATH);
  return {
    text: decodeText(card, findings),
    files: Array.from(files, ([path, bytes]) => ({ path, bytes })),
  };
}

async function readEntries(file: Buffer, findings: CardFindings): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let room: number = ARCHIVE_LIMITS.totalBytes;
  try {
    const zip = await fromBufferPromise(file, { lazyEntries: true, strictFileNames: true });
    if (zip.entryCount > ARCHIVE_LIMITS.entries) throw tooManyEntries();
    for await (const entry of zip.eachEntry()) {
      const path = entry.fileName.endsWith('/') ? entry.fileName.slice(0, -1) : entry.fileName;
      assertSafePath(path);
      if (entry.fileName.endsWith('/')) continue;
      if (files.has(path)) throw cardInvalid('entry-repeated', `The archive has "${path}" twice.`);
      if (files.size === ARCHIVE_LIMITS.entries) throw tooManyEntries();
      const bytes = await readEntry(zip, entry, Math.min(room, limitOf(path)));
      room -= bytes.length;
      checkSum(entry, bytes, findings);
      files.set(path, bytes);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw cardInvalid('archive-broken', 'The archive of the card cannot be read.', { cause: error });
  }
  return files;
}

const limitOf = (path: string): number =>
  path === CARD_PATH ? CARD_LIMITS.documentBytes : ARCHIVE_LIMITS.entryBytes;

/** Counts while reading: what an archive says of its sizes is only a claim. */
async function readEntry(zip: ZipFile, entry: Entry, limit: number): Promise<Buffer> {
  if (entry.isEncrypted()) throw cardInvalid('entry-encrypted', 'The archive is encrypted.');
  if (((entry.externalFileAttributes >>> 28) & 0o17) === SYMBOLIC_LINK)
    throw cardInvalid('unsafe-path', 'The archive holds a symbolic link.');
  const stream: Readable = await zip.openReadStreamPromise(entry);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) throw tooLarge(entry, limit);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function checkSum({ fileName, crc32: sum }: Entry, bytes: Buffer, findings: CardFindings): void {
  if (crc32(bytes) === sum) return;
  const detail = `The checksum of "${fileName}" is wrong.`;
  if (fileName === CARD_PATH) throw cardInvalid('checksum-wrong', `${detail} The file is damaged.`);
  findings.warn('chunk-damaged', detail);
}

const tooManyEntries = () =>
  cardInvalid('too-many-entries', `The archive of a card may have ${ARCHIVE_LIMITS.entries} files at most.`);

const tooLarge = ({ fileName }: Entry, limit: number) =>
  fileName === CARD_PATH
    ? documentTooLarge()
    : platformErrors['payload-too-large'](
        `The archive unpacks to more than it may: there was room for ${limit} bytes of "${fileName}".`,
      );

/** The same card and files give the same bytes: nothing is packed, and every date is the earliest there is. */
export function writeCharx(text: string, files: readonly CardFile[]): Buffer {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const entries = [{ path: CARD_PATH, bytes: Buffer.from(text) }, ...sorted];
  const zipped = zipSync(Object.fromEntries(entries.map(({ path, bytes }) => [path, bytes])), {
    level: 0,
    mtime: new Date(1980, 0, 1),
  });
  return Buffer.from(zipped.buffer, zipped.byteOffset, zipped.byteLength);
}
