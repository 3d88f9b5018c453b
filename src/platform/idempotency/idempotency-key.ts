import { platformErrors } from '../errors/platform.errors.js';

// RFC 8941 §3.3.3 string: printable ASCII, with quote and backslash escaped.
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"$/;
// Bare tokens as clients send them: a UUID may start with a digit, which RFC 8941 tokens may not.
const BARE = /^[\w!#$%&'*+.^`|~:/=-]{1,255}$/;

/**
 * The key of an `Idempotency-Key` header, quoted or bare; both forms of one key are the same key.
 *
 * @throws AppError `validation-failed`
 */
export function parseIdempotencyKey(header: string): string {
  const text = header.trim();
  const quoted = QUOTED.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(["\\])/g, '$1');
  if (BARE.test(text)) return text;
  throw platformErrors['validation-failed'](
    'Idempotency-Key must be one token or quoted string of 1 to 255 printable ASCII characters, such as a UUID.',
  );
}
