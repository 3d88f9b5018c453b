/** One atom at a time: escapes, classes, groups' ends, quantifiers with counts, anything else. */
const ATOM =
  /\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|[^])|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]|\((?:\?[^:)>]*[:>])?|\)|\{(\d+)(?:,(\d*))?\}|[^]/g;

/**
 * About how many instructions a regular expression becomes, counted repetitions written out. Known before it is compiled:
 * `(abcdefghijklmnopqrstuvwxyz){1000}` takes 60 ms to compile into 28,000.
 */
export function patternSize(pattern: string): number {
  const open: number[] = [];
  let group = 0;
  let atom = 0;
  for (const [token, least, most] of pattern.matchAll(ATOM)) {
    if (least !== undefined) {
      const times = Math.max(Number(least), Number(most || least), 1);
      // The atom is in the sum once already.
      group += atom * (times - 1);
    } else if (token.startsWith('(')) {
      open.push(group);
      group = 0;
      atom = 0;
    } else if (token === ')') {
      atom = group + 2;
      group = (open.pop() ?? 0) + atom;
    } else {
      atom = 1;
      group += 1;
    }
  }
  return open.reduce((sum, outer) => sum + outer, group);
}
