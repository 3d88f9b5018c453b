import { createHash } from 'node:crypto';
import { CacheKeyError } from '../cache.errors.js';

/** Above this many bytes the parts of a key are replaced by their SHA-256. */
export const LONGEST_PLAIN_KEY = 200;

const SAFE = /^[A-Za-z0-9_.@+-]+$/;
const UNSAFE_CHARACTER = /[^A-Za-z0-9_.@+-]/gu;
const DEEPEST = 16;

/**
 * The key of an entry inside its cache's namespace: the name, then the parts, joined by `:`. Two different lists of
 * parts never give the same text (see docs/decisions/0005-cache-key-and-codec.md for the grammar).
 *
 * @throws {@link CacheKeyError} for a function, a symbol, a class instance or an invalid date; names cache and path
 */
export function encodeKey(cacheName: string, parts: readonly unknown[]): string {
  return joinKey(cacheName, encodeParts(cacheName, parts));
}

/** The whole key from the cache's name and its encoded parts. */
export const joinKey = (cacheName: string, encodedParts: string): string =>
  encodedParts === '' ? cacheName : `${cacheName}:${encodedParts}`;

/** The parts alone; empty only when there are none. A single safe text is returned as it is, not as a copy. */
export function encodeParts(cacheName: string, parts: readonly unknown[]): string {
  if (parts.length === 0) return '';
  let body = encodePart(cacheName, parts[0], 0, 0);
  for (let at = 1; at < parts.length; at++) body += ':' + encodePart(cacheName, parts[at], at, 0);
  return body.length <= LONGEST_PLAIN_KEY
    ? body
    : `~h${createHash('sha256').update(body).digest('base64url')}`;
}

function encodePart(cacheName: string, part: unknown, path: string | number, depth: number): string {
  switch (typeof part) {
    case 'string':
      return encodeText(part);
    case 'number':
      return Object.is(part, -0) ? '~n-0' : `~n${part}`;
    case 'boolean':
      return part ? '~t' : '~f';
    case 'undefined':
      return '~u';
    case 'bigint':
      return `~i${part}`;
    case 'object':
      return part === null ? '~z' : encodeObject(cacheName, part, path, depth);
    default:
      throw refusal(cacheName, path, `is a ${typeof part}`);
  }
}

function encodeObject(cacheName: string, part: object, path: string | number, depth: number): string {
  if (depth > DEEPEST) throw refusal(cacheName, path, `is nested deeper than ${DEEPEST} levels`);
  if (part instanceof Date) {
    if (Number.isNaN(part.getTime())) throw refusal(cacheName, path, 'is an invalid date');
    return `~d${part.getTime()}`;
  }
  if (Array.isArray(part)) {
    const items = Array.from(part as unknown[], (item, at) =>
      encodePart(cacheName, item, `${path}[${at}]`, depth + 1),
    );
    return `~a(${items.join(',')})`;
  }
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refusal(cacheName, path, `is an instance of ${part.constructor?.name || 'a class'}`);
  }
  if (Object.getOwnPropertySymbols(part).length > 0) throw refusal(cacheName, path, 'has symbol properties');
  const fields = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1));
  const encoded = fields.map(
    ([name, value]) => `${encodeText(name)}=${encodePart(cacheName, value, `${path}.${name}`, depth + 1)}`,
  );
  return `~o(${encoded.join(',')})`;
}

function encodeText(text: string): string {
  if (SAFE.test(text)) return text;
  return text === '' ? '~s' : text.replace(UNSAFE_CHARACTER, escape);
}

function escape(character: string): string {
  const code = character.charCodeAt(0);
  // A lone surrogate has no UTF-8 form; without its own escape it would share a key with U+FFFD.
  if (character.length === 1 && code >= 0xd800 && code <= 0xdfff) {
    return `%u${code.toString(16).toUpperCase()}`;
  }
  return Buffer.from(character, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&');
}

function refusal(cacheName: string, path: string | number, what: string): CacheKeyError {
  return new CacheKeyError(
    `cache "${cacheName}": key part ${path} ${what} and cannot be part of a key; declare key: (...) => [...] with text, numbers, dates or plain objects.`,
  );
}

/** A tag as it stands in its mark's key and in bus messages: no space, no brace, bounded in length. */
export function encodeTag(tag: string): string {
  const text = encodeText(tag);
  return text.length <= LONGEST_PLAIN_KEY
    ? text
    : `~h${createHash('sha256').update(text).digest('base64url')}`;
}
