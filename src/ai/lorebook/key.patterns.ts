import { RE2JS } from 're2js';
import { patternSize } from './pattern.size.js';

/** Says whether a text holds the key. */
export type KeyTest = (text: string) => boolean;

/** Characters of one pattern; longer ones are refused. */
const MAX_PATTERN_CHARS = 500;
/**
 * Instructions of one pattern. A search takes time in proportion to them and to the text, at worst (a pattern that leaves
 * the automaton for the simulation) 150 ns for each instruction and character.
 */
const MAX_INSTRUCTIONS = 300;
/** Each may hold up to 8 MB of automaton. */
const MAX_KEPT_PATTERNS = 64;

export interface CompiledPattern {
  test: KeyTest;
  /** Instructions; times the length of a text it says what a search costs. */
  size: number;
}

const kept = new Map<string, CompiledPattern | undefined>();

/**
 * A regular expression as lorebooks write it, `/pattern/flags` or bare. Matched by RE2, in linear time: no pattern and no
 * text can make it hang. Undefined for what RE2 does not know (lookaround, back-references), for what is not one, and for
 * what is too large.
 */
export function compilePattern(key: string, caseSensitive: boolean | undefined): CompiledPattern | undefined {
  const name = `${caseSensitive === undefined ? '?' : caseSensitive ? '=' : '~'}${key}`;
  if (kept.has(name)) {
    const known = kept.get(name);
    kept.delete(name);
    kept.set(name, known);
    return known;
  }
  const compiled = key.length > MAX_PATTERN_CHARS ? undefined : compileNow(key, caseSensitive);
  kept.set(name, compiled);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT_PATTERNS) break;
    kept.delete(oldest);
  }
  return compiled;
}

function compileNow(key: string, caseSensitive: boolean | undefined): CompiledPattern | undefined {
  const slashed = /^\/(.+)\/([a-z]*)$/s.exec(key);
  const pattern = slashed?.[1]?.replaceAll('\\/', '/') ?? key;
  const letters = slashed?.[2] ?? '';
  // `g` and `u` change nothing about whether there is a match; what else there may be is not known here.
  if (/[^gimsu]/.test(letters)) return undefined;
  // The card's word on case holds where the pattern cannot say so itself.
  const ignoresCase = letters.includes('i') || (slashed ? caseSensitive === false : caseSensitive !== true);
  let flags = 0;
  if (ignoresCase) flags |= RE2JS.CASE_INSENSITIVE;
  if (letters.includes('m')) flags |= RE2JS.MULTILINE;
  if (letters.includes('s')) flags |= RE2JS.DOTALL;
  try {
    if (patternSize(pattern) > MAX_INSTRUCTIONS) return undefined;
    const compiled = RE2JS.compile(pattern, flags);
    const size = compiled.programSize();
    return size > 2 * MAX_INSTRUCTIONS ? undefined : { test: (text) => compiled.test(text), size };
  } catch {
    return undefined;
  }
}

const WORD_CHARACTER = /[\p{L}\p{N}\p{M}_]/u;
const NO_WORD_CHARACTER = /[^\p{L}\p{N}\p{M}_]/gu;

/** A plain key. As a whole word, it is not found inside a longer one. */
export function plainKey(key: string, { caseSensitive = false, wholeWord = false }): KeyTest {
  const folded = caseSensitive ? key : key.toLowerCase();
  return (text) => {
    const searched = caseSensitive ? text : lowered(text);
    return wholeWord ? holdsWord(searched, folded) : searched.includes(folded);
  };
}

function holdsWord(text: string, key: string): boolean {
  const beginsInWord = WORD_CHARACTER.test(firstOf(key));
  const endsInWord = WORD_CHARACTER.test(lastOf(key));
  let at = text.indexOf(key);
  while (at !== -1) {
    const end = at + key.length;
    const cutBefore = !beginsInWord || !WORD_CHARACTER.test(lastOf(text.slice(Math.max(0, at - 2), at)));
    const cutAfter = !endsInWord || !WORD_CHARACTER.test(firstOf(text.slice(end, end + 2)));
    if (cutBefore && cutAfter) return true;
    at = text.indexOf(key, beginsInWord ? endOfWord(text, at) : at + 1);
  }
  return false;
}

/** A key that begins a word is found next behind the word that it was found in: no second look at a long run. */
function endOfWord(text: string, at: number): number {
  NO_WORD_CHARACTER.lastIndex = at;
  return NO_WORD_CHARACTER.exec(text)?.index ?? text.length;
}

const firstOf = (text: string): string => String.fromCodePoint(text.codePointAt(0) ?? 32);
const lastOf = (text: string): string => Array.from(text.slice(-2)).at(-1) ?? ' ';

/** Hundreds of keys ask for the same text one after the other. */
let last = { text: '', lower: '' };
function lowered(text: string): string {
  if (last.text !== text) last = { text, lower: text.toLowerCase() };
  return last.lower;
}
