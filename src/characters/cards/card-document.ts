import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { Json } from './card.types.js';
import { CARD_LIMITS } from './card.limits.js';
import { cardInvalid, into, type CardFindings } from './card-findings.js';

/** The document of a card as text: UTF-8, or what else people save JSON as. */
export function decodeText(bytes: Uint8Array, findings: CardFindings): string {
  if (bytes.length > CARD_LIMITS.documentBytes) throw documentTooLarge();
  const encoding = encodingOf(bytes, findings);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw cardInvalid('invalid-encoding', `The text of the card is not valid ${encoding.toUpperCase()}.`, {
      cause,
    });
  }
  const end = endOf(text);
  if (text[end] !== '\0') return text;
  findings.repair('#', 'trailing-bytes');
  return text.slice(0, end);
}

/** Where the NUL bytes and white space at the end begin. Not by an expression: from a text of NULs it would not return. */
function endOf(text: string): number {
  let end = text.length;
  while (end > 0 && /[\s\0]/.test(text.charAt(end - 1))) end--;
  const nul = text.indexOf('\0', end);
  return nul === -1 ? text.length : nul;
}

export const documentTooLarge = () =>
  platformErrors['payload-too-large'](
    `The document of a card may have ${CARD_LIMITS.documentBytes} bytes at most.`,
  );

function encodingOf([a, b, c]: Uint8Array, findings: CardFindings): string {
  if (a === 0xef && b === 0xbb && c === 0xbf) findings.repair('#', 'byte-order-mark');
  const brace = '{'.charCodeAt(0);
  const little = (a === 0xff && b === 0xfe) || (a === brace && b === 0);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b === brace);
  if (!little && !big) return 'utf-8';
  findings.repair('#', 'utf-16');
  return little ? 'utf-16le' : 'utf-16be';
}

/**
 * Parses a card's document and cleans it: no text or name that PostgreSQL cannot keep, no `__proto__`.
 *
 * @throws card-invalid when it is no JSON, or more or deeper than a card can be
 */
export function parseDocument(text: string, findings: CardFindings): Json {
  assertModest(text);
  let document: Json;
  try {
    document = JSON.parse(text) as Json;
  } catch (cause) {
    throw cardInvalid('not-json', 'The document of the card is not JSON.', { cause });
  }
  return cleaned(document, '#', findings);
}

/** Counts on the text: a document of a million arrays would have to be built before it could be counted. */
function assertModest(text: string): void {
  let depth = 0;
  let values = 0;
  let inText = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (inText) {
      if (unit === BACKSLASH) index++;
      else if (unit === QUOTE) inText = false;
    } else if (unit === QUOTE) inText = true;
    else if (unit === COMMA) values++;
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      values++;
      if (++depth > CARD_LIMITS.nesting)
        throw cardInvalid('too-deep', `A card may be nested ${CARD_LIMITS.nesting} levels deep at most.`);
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) depth--;
    if (values > CARD_LIMITS.documentValues)
      throw cardInvalid('too-many-values', `A card may have ${CARD_LIMITS.documentValues} values at most.`);
  }
}

const [QUOTE, BACKSLASH, COMMA, OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = Array.from(
  '"\\,{}[]',
  (character) => character.charCodeAt(0),
);

const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** A document that PostgreSQL can keep, with `__proto__` nowhere in it. Recursive: its depth must be bounded. */
export function cleaned(value: Json, pointer: string, findings: CardFindings): Json {
  if (typeof value === 'string') return cleanText(value, pointer, findings);
  if (Array.isArray(value)) return value.map((item, index) => cleaned(item, into(pointer, index), findings));
  if (typeof value === 'number') return cleanNumber(value, pointer, findings);
  if (value === null || typeof value !== 'object') return value;
  const members: [string, Json][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') findings.repair(pointer, 'unsafe-member-removed');
    else members.push([cleanText(name, pointer, findings), cleaned(member, into(pointer, name), findings)]);
  }
  return Object.fromEntries(members);
}

/** JSON can say a number that it cannot say again: 1e999 is read as Infinity and written as null; -0 is written as 0. */
function cleanNumber(value: number, pointer: string, findings: CardFindings): Json {
  if (Number.isFinite(value)) return value + 0;
  findings.repair(pointer, 'unreadable-removed');
  return null;
}

function cleanText(text: string, pointer: string, findings: CardFindings): string {
  if (!UNSTORABLE.test(text)) return text;
  findings.repair(pointer, 'text-cleaned');
  return text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\uFFFD');
}
