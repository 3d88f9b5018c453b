import type { Lorebook } from '../../characters/cards/card.types.js';
import { SeededChoice } from '../seeded.choice.js';
import { loreEntries, type KeySearch, type LoreEntry } from './lore.entry.js';

/** Messages that keys are looked for in, where neither the book nor the entry says how many. */
const DEFAULT_SCAN_DEPTH = 4;
/** Characters that one search looks through, from the newest end. */
const MAX_SCANNED_CHARS = 16_384;
/** How often what fired is searched for more; a chain longer than this is cut. */
const MAX_ROUNDS = 5;
/**
 * All searches for one prompt together, in instructions times characters (a pattern that a search of takes longest needs
 * 150 ns for each): half a second at worst, thousands of ordinary keys. Counted and not timed: the same prompt has the same lore.
 */
const MAX_WORK = 3_000_000;

export type LoreReason =
  | 'constant'
  | 'activated'
  | 'key'
  | 'recursion'
  | 'disabled'
  | 'empty'
  | 'deactivated'
  | 'too-early'
  | 'not-this-turn'
  | 'other-greeting'
  | 'probability'
  | 'no-key'
  | 'no-secondary-key'
  | 'no-additional-key'
  | 'excluded-key'
  | 'pattern-refused'
  | 'too-many-searches';

/** What became of an entry, and why. */
export interface LoreFinding {
  entryId: string;
  fired: boolean;
  reason: LoreReason;
  /** The key that was found, or that kept it from firing. */
  key?: string;
}

export interface LoreScanInput {
  book: Lorebook;
  /** Oldest first; the beginning of a long conversation may be missing. */
  messages: readonly { role: 'user' | 'character'; text: string }[];
  /** Whether `messages` are the whole conversation. What cannot be counted is taken to be so. */
  whole: boolean;
  /** 0 is the first message of the card, 1… its alternate greetings; unknown where it cannot be told. */
  greeting?: number;
  seed: number;
  /** Puts names in the place of macros. */
  expand: (text: string) => string;
}

export interface LoreScan {
  /** What fired, the most important first. */
  fired: LoreEntry[];
  /** One for each entry, in the order of the book. */
  findings: LoreFinding[];
}

/** Which entries of a lorebook belong to this turn. Pure: the same input finds the same. */
export function scanLore(input: LoreScanInput): LoreScan {
  const { book, expand } = input;
  const entries = loreEntries(book, expand);
  const found = new Map<LoreEntry, Finding>();
  const open: LoreEntry[] = [];
  for (const entry of entries) {
    const barred = barredBy(entry, input);
    if (barred) found.set(entry, barred);
    else open.push(entry);
  }
  const searches = new Searches(input);
  const lore: string[] = [];
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    const known = newestEnd(lore);
    const waiting = open.filter((entry) => !found.get(entry)?.fired);
    for (const entry of waiting) found.set(entry, searches.look(entry, known));
    const fired = waiting.filter((entry) => found.get(entry)?.fired);
    if (fired.length === 0 || book.recursive_scanning !== true) break;
    lore.push(...fired.map(({ text }) => expand(text)));
  }
  return {
    fired: entries.filter((entry) => found.get(entry)?.fired),
    findings: entries
      .toSorted((a, b) => a.index - b.index)
      .flatMap((entry) => {
        const finding = found.get(entry);
        return finding ? [{ entryId: entry.id, ...finding }] : [];
      }),
  };
}

type Finding = Omit<LoreFinding, 'entryId'>;
const not = (reason: LoreReason, key?: string): Finding => ({
  fired: false,
  reason,
  ...(key === undefined ? {} : { key }),
});
const fires = (reason: LoreReason, key?: string): Finding => ({ ...not(reason, key), fired: true });

/** What keeps an entry from firing whatever is said. */
function barredBy(
  { id, enabled, text, refused, decorations }: LoreEntry,
  { messages, whole, greeting, seed }: LoreScanInput,
): Finding | undefined {
  if (!enabled) return not('disabled');
  if (text === '') return not('empty');
  const { activate, dontActivate, onlyAfter = 0, onlyEvery = 1, probability = 100 } = decorations;
  if (activate) return undefined;
  if (dontActivate) return not('deactivated');
  const replies = messages.filter(({ role }) => role === 'character').length;
  if (replies < onlyAfter) return not('too-early');
  if (whole && replies % onlyEvery !== 0) return not('not-this-turn');
  const wanted = decorations.greeting;
  if (wanted !== undefined && greeting !== undefined && wanted !== greeting) return not('other-greeting');
  if (refused !== undefined) return not('pattern-refused', refused);
  const drawn = new SeededChoice(id, seed).fraction() * 100;
  return drawn < probability ? undefined : not('probability');
}

/** Looks for keys, as long as there is work left to do it with. */
class Searches {
  private left = MAX_WORK;
  private readonly scanned = new Map<number, string>();

  constructor(private readonly input: LoreScanInput) {}

  look(entry: LoreEntry, lore: string): Finding {
    const { activate, scanDepth = this.input.book.scan_depth ?? DEFAULT_SCAN_DEPTH } = entry.decorations;
    if (activate) return fires('activated');
    const said = this.said(scanDepth);
    const excluded = this.find(entry.excludedKeys, said);
    if (excluded !== undefined) return not('excluded-key', excluded);
    if (entry.excludedKeys.length > 0 && this.left < 0) return not('too-many-searches');
    if (entry.additionalKeys.length > 0 && !this.find(entry.additionalKeys, said)) {
      return this.unfound('no-additional-key');
    }
    if (entry.constant) return fires('constant');
    const inChat = this.find(entry.keys, said);
    const key = inChat ?? this.find(entry.keys, lore);
    if (key === undefined) return this.unfound('no-key');
    const { secondaryKeys } = entry;
    if (secondaryKeys.length > 0 && !this.find(secondaryKeys, said) && !this.find(secondaryKeys, lore)) {
      return this.unfound('no-secondary-key', key);
    }
    return fires(inChat === undefined ? 'recursion' : 'key', key);
  }

  private unfound(reason: LoreReason, key?: string): Finding {
    return this.left < 0 ? not('too-many-searches') : not(reason, key);
  }

  private find(searches: readonly KeySearch[], text: string): string | undefined {
    if (text === '') return undefined;
    return searches.find(({ test, work }) => {
      this.left -= work(text.length);
      return this.left >= 0 && test(text);
    })?.key;
  }

  private said(depth: number): string {
    const known = this.scanned.get(depth);
    if (known !== undefined) return known;
    const texts = depth < 1 ? [] : this.input.messages.slice(-depth).map(({ text }) => text);
    const said = newestEnd(texts);
    this.scanned.set(depth, said);
    return said;
  }
}

const newestEnd = (texts: readonly string[]): string => texts.join('\n').slice(-MAX_SCANNED_CHARS);
