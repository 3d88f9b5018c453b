import { platformErrors } from '../errors/platform.errors.js';

// Far above any document of the API, far below what overflows the stack.
const MAX_DEPTH = 100;

/**
 * JSON with sorted member names and no white space, so that equal documents are equal texts.
 *
 * @throws AppError `validation-failed` for a document nested deeper than 100 levels.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) {
    throw platformErrors['validation-failed'](`The document is nested more than ${MAX_DEPTH} levels deep.`);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  if (value instanceof Date || value === null || typeof value !== 'object')
    return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}
