import { createHash } from 'node:crypto';

/**
 * JSON with sorted member names and no white space, so that equal documents are equal texts. Recursive: bodies are
 * checked for their depth when they are read. Bytes are told by their hash.
 */
export function canonicalJson(value: unknown): string {
  // A body of bytes would become as many members.
  if (value instanceof Uint8Array)
    return JSON.stringify(createHash('sha256').update(value).digest('base64url'));
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value instanceof Date || value === null || typeof value !== 'object')
    return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
