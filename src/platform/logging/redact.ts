// Compared without case, dashes and underscores, so apiKey, api_key and X-Api-Key are one name.
const SECRET_NAME =
  /^(?:(?:proxy)?authorization|(?:set)?cookie|.*password(?:hash)?|.*passwd|.*token|.*secret|x?apikey|privatekey|credentials?)$/;
// What people wrote: TypeORM puts bound values on its errors as `parameters`, ioredis those of a command as `args`,
// PostgreSQL quotes rows in `detail`.
const PERSONAL_NAME = /^(?:text|prompt|messages|parameters|args|body|detail)$/;
const MAX_DEPTH = 6;
const MAX_ITEMS = 50;

/** A copy that is safe to log: secrets and people's words blanked at any depth, errors with cause as plain objects. */
export function redact(value: unknown, depth = 0, seen = new Set<object>()): object {
  return copy(value, depth, seen) as object;
}

function copy(value: unknown, depth: number, seen: Set<object>): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return withoutCredentials(value);
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? '[function]' : value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (seen.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deep]';
  seen.add(value);
  const result = Array.isArray(value)
    ? value.slice(0, MAX_ITEMS).map((item) => copy(item, depth + 1, seen))
    : copyFields(value, depth, seen);
  seen.delete(value);
  return result;
}

function copyFields(value: object, depth: number, seen: Set<object>): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, MAX_ITEMS);
  if (value instanceof Error) {
    entries.unshift(['type', value.name], ['message', value.message], ['stack', value.stack]);
    if (value.cause !== undefined) entries.push(['cause', value.cause]);
  }
  return Object.fromEntries(
    entries.map(([name, field]) => [
      name,
      isSensitive(name) && field !== undefined ? '[redacted]' : copy(field, depth + 1, seen),
    ]),
  );
}

function isSensitive(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return SECRET_NAME.test(plain) || PERSONAL_NAME.test(plain);
}

/**
 * Connection strings, bearer headers and API keys end up inside messages of other people's libraries, and what was sent
 * in those of Redis about a command that it does not know.
 */
const withoutCredentials = (text: string): string =>
  text
    .replace(/(\w+:\/\/[^\s:@/]*):[^\s@/]+@/g, '$1:[redacted]@')
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 [redacted]')
    .replace(/(with args beginning with: ).*/g, '$1[redacted]')
    .replace(/\brpt_[0-9a-f]{16}_[\w-]{43}/g, 'rpt_[redacted]');
