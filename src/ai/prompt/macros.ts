import { fnv1a, SeededChoice } from '../seeded.choice.js';

const NAME = String.raw`\{\{\s*(char|user|original)\s*\}\}|<(bot|char|user)>`;
// What it is given may hold the names, which never reach beyond it.
const CALL = String.raw`\{\{\s*(//|comment:|hidden_key:|random:|pick:|roll:|reverse:)((?:[^{}]|\{\{\s*(?:char|user)\s*\}\})*)\}\}`;
const MACRO = new RegExp(`${NAME}|${CALL}`, 'gi');

export interface MacroValues {
  char: string;
  user: string;
  /**
   * Absent: `{{original}}` stays as written, for only two fields of a card have an original. Stands for itself once;
   * another `{{original}}` is empty.
   */
  original?: string;
  /** Decides what `{{random:…}}` and `{{roll:…}}` become; the same seed and text give the same. */
  seed?: number;
  /** Shows what `{{hidden_key:…}}` hides: only where lore is searched for further keys. */
  showHiddenKeys?: boolean;
}

/**
 * Replaces the macros of Character Card V3, and `<BOT>` and `<USER>` of V1 cards. One pass: a user who is called
 * "{{original}}" stays called that.
 */
export function expandMacros(template: string, values: MacroValues): string {
  // Once for all macros of the template: hashing it for each would cost its square.
  let hash: number | undefined;
  let { original } = values;
  const replaced = (
    written: string,
    braced: string | undefined,
    angled: string | undefined,
    call: string | undefined,
    given: string | undefined,
    at: number,
  ): string => {
    switch ((braced ?? angled ?? '').toLowerCase()) {
      case 'char':
      case 'bot':
        return values.char;
      case 'user':
        return values.user;
      case 'original':
        return taken() ?? written;
      default:
        return called((call ?? '').toLowerCase(), expandMacros(given ?? '', values)) ?? written;
    }
    /** Once: a text of nothing else would grow a hundredfold. */
    function taken(): string | undefined {
      const whole = original;
      if (original !== undefined) original = '';
      return whole;
    }
    function called(name: string, text: string): string | undefined {
      const chance = (seed = 0): SeededChoice =>
        new SeededChoice(`${at}\u0000${(hash ??= fnv1a(template))}`, seed);
      switch (name) {
        case 'random:':
          return chance(values.seed).pick(optionsOf(text));
        case 'pick:':
          return chance().pick(optionsOf(text));
        case 'roll:':
          return rolled(text, chance(values.seed));
        case 'reverse:':
          return Array.from(text).reverse().join('');
        case 'hidden_key:':
          return values.showHiddenKeys ? ` ${text} ` : '';
        default:
          return '';
      }
    }
  };
  return template.replace(MACRO, replaced);
}

/** Separated by commas; `\,` is a comma. A second colon is how many cards write it. */
const optionsOf = (text: string): string[] =>
  text
    .replace(/^:/, '')
    .split(/(?<!\\),/)
    .map((option) => option.replaceAll('\\,', ',').trim());

function rolled(text: string, chance: SeededChoice): string | undefined {
  const sides = Number(/^:?\s*d?(\d{1,9})\s*$/i.exec(text)?.[1] ?? 0);
  return sides < 1 ? undefined : String(1 + Math.floor(chance.fraction() * sides));
}
