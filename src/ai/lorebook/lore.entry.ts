import type { Lorebook, LorebookEntry } from '../../characters/cards/card.types.js';
import { readDecorators, type Decorations } from './decorators.js';
import { compilePattern, plainKey } from './key.patterns.js';

/** One way to find a key. */
export interface KeySearch {
  /** As the card writes it. */
  key: string;
  test: (text: string) => boolean;
  /** Of a search in this many characters; see `MAX_WORK`. */
  work: (chars: number) => number;
}

/** An entry of a lorebook, ready to be looked for. */
export interface LoreEntry {
  id: string;
  /** Where it stands in the book. */
  index: number;
  enabled: boolean;
  constant: boolean;
  decorations: Decorations;
  /** Without decorators, macros still in it. */
  text: string;
  position: 'before_char' | 'after_char';
  priority: number;
  insertionOrder: number;
  keys: KeySearch[];
  /** One of these, too; empty for no such wish. */
  secondaryKeys: KeySearch[];
  /** A decorator’s: one of these, too, in the conversation itself. */
  additionalKeys: KeySearch[];
  excludedKeys: KeySearch[];
  /** A regular expression that is none, or none that can be matched in linear time. */
  refused?: string;
}

/** What it costs to have a pattern at all, as characters searched. */
const PATTERN_COST_CHARS = 256;
/** Plain search is that much faster than a pattern of one instruction. */
const plainWork = (chars: number): number => 8 + chars / 32;

type Expand = (text: string) => string;

/** All entries, the most important first: constant ones, then by priority, then by insertion order. */
export function loreEntries({ entries }: Pick<Lorebook, 'entries'>, expand: Expand): LoreEntry[] {
  return entries
    .map((entry, index) => loreEntry(entry, index, expand))
    .sort(
      (a, b) =>
        Number(b.constant) - Number(a.constant) ||
        b.priority - a.priority ||
        a.insertionOrder - b.insertionOrder,
    );
}

function loreEntry(entry: LorebookEntry, index: number, expand: Expand): LoreEntry {
  const { decorations, text } = readDecorators(entry.content);
  const read = {
    id: String(entry.id ?? index),
    index,
    enabled: entry.enabled,
    constant: entry.constant === true && !entry.use_regex,
    decorations: { probability: probabilityOf(entry), ...decorations },
    text,
    position: entry.position ?? ('after_char' as const),
    priority: entry.priority ?? 0,
    insertionOrder: entry.insertion_order,
    keys: [],
    secondaryKeys: [],
    additionalKeys: [],
    excludedKeys: [],
  };
  const { additionalKeys = [], excludeKeys = [] } = decorations;
  if (entry.use_regex) {
    // Secondary and excluded keys are not for regular expressions; additional ones are further ways to match.
    return { ...read, ...patterns([...entry.keys, ...additionalKeys], entry.case_sensitive) };
  }
  const options = {
    caseSensitive: entry.case_sensitive,
    wholeWord: entry.extensions['match_whole_words'] === true,
  };
  const plain = (keys: readonly string[]): KeySearch[] =>
    keys
      .map((key) => expand(key).trim())
      .filter((key) => key !== '')
      .map((key) => ({ key, test: plainKey(key, options), work: plainWork }));
  return {
    ...read,
    keys: plain(entry.keys),
    secondaryKeys: entry.selective === true ? plain(entry.secondary_keys ?? []) : [],
    additionalKeys: plain(additionalKeys),
    excludedKeys: plain(excludeKeys),
  };
}

function patterns(
  keys: readonly string[],
  caseSensitive: boolean | undefined,
): Pick<LoreEntry, 'keys' | 'refused'> {
  const searches: KeySearch[] = [];
  for (const key of keys) {
    if (key.trim() === '') continue;
    const compiled = compilePattern(key, caseSensitive);
    // One that is invalid: the specification lets the whole entry not match.
    if (!compiled) return { keys: [], refused: key };
    const { test, size } = compiled;
    searches.push({ key, test, work: (chars) => size * (chars + PATTERN_COST_CHARS) });
  }
  return { keys: searches };
}

/** As editors write it beside the specification: `extensions.probability`, while `useProbability` is not false. */
function probabilityOf({ extensions }: LorebookEntry): number | undefined {
  const { probability, useProbability } = extensions;
  return typeof probability === 'number' && useProbability !== false ? probability : undefined;
}
