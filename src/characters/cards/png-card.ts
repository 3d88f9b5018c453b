import { zlibSync } from 'fflate';
import type { CardFile, CardSource } from './card-file.types.js';
import { ARCHIVE_LIMITS, PNG_LIMITS } from './card.limits.js';
import { decodeBase64, unwrapDocument } from './card-base64.js';
import { assertSafePath } from './card-paths.js';
import { cardInvalid, type CardFindings } from './card-findings.js';
import { joinPng, pngChunk, splitPng, type PngChunk } from './png-chunks.js';
import { keywordOf, plainTextOf, textChunk, textOf } from './png-text.js';

const KEYWORDS = ['ccv3', 'chara'] as const;
type CardKeyword = (typeof KEYWORDS)[number];

const ASSET_PREFIX = 'chara-ext-asset_:';

interface PngCard {
  format: Extract<CardSource['format'], 'png' | 'apng'>;
  /** The documents of the image, the one to read first. */
  documents: { chunk: CardKeyword; text: string }[];
  /** The image without the chunks that hold cards, and without what stood behind its end. */
  image: Buffer;
  files: CardFile[];
}

const isCardKeyword = (keyword: string): keyword is CardKeyword =>
  (KEYWORDS as readonly string[]).includes(keyword);

const isOurs = (chunk: PngChunk): boolean => {
  const keyword = keywordOf(chunk);
  return keyword !== undefined && (isCardKeyword(keyword) || keyword.startsWith(ASSET_PREFIX));
};

/** @throws card-invalid for an image without a card, or with one that is damaged */
export function readPng(file: Buffer, findings: CardFindings): PngCard {
  const { chunks, after } = splitPng(file);
  const named = chunks.flatMap((chunk) => {
    const keyword = keywordOf(chunk);
    return keyword === undefined ? [] : [{ chunk, keyword }];
  });
  if (named.length > PNG_LIMITS.textChunks)
    throw cardInvalid('too-many-chunks', `An image may have ${PNG_LIMITS.textChunks} text chunks at most.`);
  warnOfOthers(chunks, named, after, findings);
  const documents = KEYWORDS.flatMap((keyword) => {
    const [first, ...others] = named.filter((other) => other.keyword === keyword);
    if (!first) return [];
    if (others.length > 0)
      findings.warn('chunk-repeated', `The image has ${others.length + 1} chunks "${keyword}".`);
    return [{ chunk: keyword, text: documentOf(first.chunk, keyword, findings) }];
  });
  if (documents.length === 0) throw cardInvalid('no-card', 'The image has no text chunk "ccv3" or "chara".');
  const animated = chunks.some(({ type }) => type === 'acTL');
  return {
    format: animated ? 'apng' : 'png',
    documents,
    image: joinPng(chunks.filter((chunk) => !isOurs(chunk)).map(({ whole }) => whole)),
    files: assetsOf(named, findings),
  };
}

function documentOf(chunk: PngChunk, keyword: CardKeyword, findings: CardFindings): string {
  assertSound(chunk, keyword);
  if (chunk.type !== 'tEXt') findings.warn('chunk-kind', `The chunk "${keyword}" is ${chunk.type}.`);
  return unwrapDocument(textOf(chunk), findings);
}

function assertSound(chunk: PngChunk, keyword: string): void {
  if (chunk.sound) return;
  throw cardInvalid(
    'checksum-wrong',
    `The checksum of the chunk "${keyword}" is wrong: the file is damaged.`,
  );
}

function warnOfOthers(
  chunks: PngChunk[],
  named: { keyword: string }[],
  after: Buffer,
  findings: CardFindings,
): void {
  const damaged = chunks.filter((chunk) => !chunk.sound && !isOurs(chunk)).length;
  if (damaged > 0) findings.warn('chunk-damaged', `${damaged} chunks of the image have wrong checksums.`);
  for (const { keyword } of named)
    if (!isCardKeyword(keyword) && isCardKeyword(keyword.trim().toLowerCase()))
      findings.warn('decoy-chunk', `A chunk is called ${JSON.stringify(keyword)}; names are exact.`);
  if (after.length > 0) findings.warn('data-after-end', `${after.length} bytes stood behind the image.`);
  if (/tEXt(?:ccv3|chara)\0/.test(after.toString('latin1')))
    findings.warn('decoy-chunk', 'A card behind the end of the image was not read.');
}

function assetsOf(named: { chunk: PngChunk; keyword: string }[], findings: CardFindings): CardFile[] {
  const files = new Map<string, CardFile>();
  for (const { chunk, keyword } of named) {
    // Plain text only: a thousand packed ones could unpack to anything.
    if (!keyword.startsWith(ASSET_PREFIX) || chunk.type !== 'tEXt') continue;
    const path = keyword.slice(ASSET_PREFIX.length);
    assertSafePath(path);
    assertSound(chunk, keyword);
    if (files.size === ARCHIVE_LIMITS.entries || files.has(path)) throw tooManyAssets(path);
    files.set(path, { path, bytes: decodeBase64(plainTextOf(chunk).toString('latin1'), findings) });
  }
  return [...files.values()];
}

const tooManyAssets = (path: string) =>
  cardInvalid('asset-repeated', `The asset ${JSON.stringify(path)} is there twice, or one too many.`);

/** The image with these cards and files in it, and with no others; the rest of it stays as it was. */
export function writePng(
  image: Buffer,
  documents: readonly { chunk: CardKeyword; text: string }[],
  files: readonly CardFile[],
): Buffer {
  const kept = splitPng(image).chunks.filter((chunk) => !isOurs(chunk));
  const end = kept.pop();
  return joinPng([
    ...kept.map(({ whole }) => whole),
    ...files.map(({ path, bytes }) => textChunk(ASSET_PREFIX + path, bytes.toString('base64'))),
    ...documents.map(({ chunk, text }) => textChunk(chunk, Buffer.from(text).toString('base64'))),
    ...(end ? [end.whole] : []),
  ]);
}

/** The image of a card that has none: one colour, in the shape of a portrait. */
export function blankImage(): Buffer {
  const [width, height] = [400, 600];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // One bit for a pixel, of a palette with one colour.
  header.set([1, 3], 8);
  const rows = new Uint8Array((Math.ceil(width / 8) + 1) * height);
  return joinPng([
    pngChunk('IHDR', header),
    pngChunk('PLTE', Buffer.of(0x3b, 0x42, 0x52)),
    pngChunk('IDAT', zlibSync(rows, { level: 9 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}
