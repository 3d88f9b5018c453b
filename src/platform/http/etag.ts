import { createHash } from 'node:crypto';

/** The strong entity tag of a versioned resource: `"7"`. */
export const versionTag = (version: number): string => `"${version}"`;

/** A strong tag of the exact bytes; 128 bits are enough, since nobody gains from a collision with their own copy. */
export const bodyTag = (body: string | Buffer): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;

const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y;

export interface EntityTag {
  weak: boolean;
  /** With its quotes. */
  tag: string;
}

/** Parses `If-Match` / `If-None-Match` (RFC 9110 §13.1); undefined when malformed. */
export function parseEntityTags(header: string): '*' | EntityTag[] | undefined {
  const text = header.trim();
  if (text === '*') return '*';
  const tags: EntityTag[] = [];
  TAG.lastIndex = 0;
  for (let end = 0; end < text.length;) {
    TAG.lastIndex = end;
    const match = TAG.exec(text);
    if (!match) return undefined;
    tags.push({ weak: match[1] !== undefined, tag: match[2] ?? '' });
    const separator = /[ \t]*(?:,[ \t]*|$)/y;
    separator.lastIndex = TAG.lastIndex;
    if (!separator.test(text)) return undefined;
    end = separator.lastIndex;
  }
  return tags.length > 0 ? tags : undefined;
}

/** Weak comparison (RFC 9110 §8.8.3.2): whether the client's copy is the current one. */
export function noneMatchHits(header: string, current: string): boolean {
  const tags = parseEntityTags(header);
  if (tags === undefined) return false;
  const opaque = current.replace(/^W\//, '');
  return tags === '*' || tags.some(({ tag }) => tag === opaque);
}
