/** A run of any bytes, or the bytes that fit in one place. */
type Token = 'any' | ReadonlySet<number>;

const [STAR, QUESTION, OPEN, CLOSE, CARET, DASH, ESCAPE] = Buffer.from('*?[]^-\\') as unknown as number[];
const EVERY_BYTE: ReadonlySet<number> = new Set(Array.from({ length: 256 }, (_, byte) => byte));

/**
 * Whether texts match a glob as Redis understands it (`SCAN … MATCH`, `PSUBSCRIBE`): `*` any run, `?` one byte, `[a-z]`
 * and `[^a-z]` one byte of (or not of) a class, `\` takes the next character as it is. Redis compares bytes, and so does
 * this: `?` does not match `é`, `??` does. Ranges between ASCII and other bytes depend on the server's machine.
 *
 * @example
 * globMatcher('user:*:profile')('user:42:profile'); // true
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const tokens = tokensOf(Buffer.from(pattern));
  return (text) => matches(tokens, Buffer.from(text));
}

/** A glob that matches this text only. */
export const escapeGlob = (text: string): string => text.replace(/[*?[\]\\]/g, String.raw`\$&`);

function tokensOf(pattern: Buffer): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at];
    if (byte === STAR) tokens.push('any');
    else if (byte === QUESTION) tokens.push(EVERY_BYTE);
    else if (byte === OPEN) {
      const [bytes, end] = classOf(pattern, at + 1);
      tokens.push(bytes);
      at = end;
    } else {
      // A backslash at the very end stands for itself.
      if (byte === ESCAPE && at + 1 < pattern.length) at++;
      tokens.push(new Set([pattern[at]!]));
    }
  }
  return tokens;
}

/** The class that begins after `[`, and where its `]` is; one that is never closed goes to the end. */
function classOf(pattern: Buffer, start: number): [bytes: ReadonlySet<number>, end: number] {
  const negated = pattern[start] === CARET;
  const bytes = new Set<number>();
  let at = negated ? start + 1 : start;
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === ESCAPE && at + 1 < pattern.length) {
      bytes.add(pattern[++at]!);
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const [from, to] = [pattern[at]!, pattern[at + 2]!].sort((a, b) => a - b) as [number, number];
      for (let byte = from; byte <= to; byte++) bytes.add(byte);
      at += 2;
    } else {
      bytes.add(pattern[at]!);
    }
  }
  if (!negated) return [bytes, at];
  return [new Set([...EVERY_BYTE].filter((byte) => !bytes.has(byte))), at];
}

/** Linear in practice: after a mismatch only the latest `*` has to take one byte more, never an earlier one. */
function matches(tokens: readonly Token[], text: Buffer): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = tokens[token];
    if (wanted === 'any') {
      star = token++;
      resume = at;
    } else if (wanted?.has(text[at]!)) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (tokens[token] === 'any') token++;
  return token === tokens.length;
}
