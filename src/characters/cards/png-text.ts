import { inflateSync } from 'node:zlib';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { PNG_LIMITS } from './card.limits.js';
import { cardInvalid } from './card-findings.js';
import { pngChunk, type PngChunk } from './png-chunks.js';

const TEXT_TYPES = ['tEXt', 'zTXt', 'iTXt'];
/** The specification has 79; names of assets may be longer. */
const MAX_KEYWORD = 600;

/** What a text chunk is called; undefined for every other chunk. */
export function keywordOf({ type, data }: PngChunk): string | undefined {
  if (!TEXT_TYPES.includes(type)) return undefined;
  const end = data.subarray(0, MAX_KEYWORD + 1).indexOf(0);
  return end === -1 ? undefined : data.toString('utf8', 0, end);
}

/** What a plain text chunk says. */
export const plainTextOf = ({ data }: PngChunk): Buffer => data.subarray(data.indexOf(0) + 1);

/** What a text chunk says. @throws card-invalid where it is broken, payload-too-large where it would grow too large */
export function textOf(chunk: PngChunk): Buffer {
  const { type, data } = chunk;
  if (data.length > PNG_LIMITS.cardChunkBytes) throw tooLarge();
  if (type === 'tEXt') return plainTextOf(chunk);
  const keywordEnd = data.indexOf(0);
  if (type === 'zTXt') return inflate(data, keywordEnd + 2);
  // iTXt: two bytes on compression, then a language and a translated keyword, each closed by NUL.
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translationEnd = languageEnd === -1 ? -1 : data.indexOf(0, languageEnd + 1);
  if (translationEnd === -1) throw broken();
  const start = translationEnd + 1;
  return data[keywordEnd + 1] === 1 ? inflate(data, start) : data.subarray(start);
}

function inflate(data: Buffer, start: number): Buffer {
  try {
    return inflateSync(data.subarray(start), { maxOutputLength: PNG_LIMITS.cardChunkBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw broken(cause);
  }
}

const broken = (cause?: unknown) =>
  cardInvalid('chunk-broken', 'The text chunk of the card cannot be read.', { cause });

const tooLarge = () =>
  platformErrors['payload-too-large'](
    `A text chunk of a card may have ${PNG_LIMITS.cardChunkBytes} bytes at most, unpacked.`,
  );

/** A tEXt chunk that says `text`, which is base64 and so within Latin-1. */
export const textChunk = (keyword: string, text: string): Buffer =>
  pngChunk('tEXt', Buffer.concat([Buffer.from(keyword, 'utf8'), Buffer.of(0), Buffer.from(text, 'latin1')]));
