/** A place in the prompt that a decorator may name; they stand around the parts of the character block. */
export type LorePlace = 'before_desc' | 'after_desc' | 'personality' | 'scenario';

/** What the decorators at an entry's text ask for, as far as it can be honoured. */
export interface Decorations {
  activate?: true;
  dontActivate?: true;
  /** Not before the character has said so much. */
  onlyAfter?: number;
  /** Only on every n-th of the character's messages. */
  onlyEvery?: number;
  greeting?: number;
  scanDepth?: number;
  additionalKeys?: string[];
  excludeKeys?: string[];
  /** Percent. */
  probability?: number;
  /** Messages from the newest end of the conversation. */
  depth?: number;
  role?: 'system' | 'user' | 'assistant';
  place?: LorePlace;
  /** Given up before anything else when the window is full. */
  expendable?: true;
}

export interface DecoratedText {
  decorations: Decorations;
  /** Without any decorator, known or not. */
  text: string;
}

/** A decorator that could be honoured becomes part of the decorations; undefined is one to be ignored. */
type Reader = (value: string) => Decorations | undefined;

const count =
  (least: number, read: (count: number) => Decorations): Reader =>
  (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least ? read(Number(value)) : undefined;
const oneOf =
  <Word extends string>(words: readonly Word[], read: (word: Word) => Decorations): Reader =>
  (value) => {
    const word = words.find((each) => each === value.toLowerCase());
    return word && read(word);
  };
const list =
  (read: (values: string[]) => Decorations): Reader =>
  (value) => {
    const values = value.split(',').map((each) => each.trim());
    return values.every((each) => each === '') ? undefined : read(values.filter((each) => each !== ''));
  };
const flag =
  (decorations: Decorations): Reader =>
  () =>
    decorations;

// Of Character Card V3, those for a chat. Not honoured, so that their fallbacks apply: `keep_activate_after_match` and
// `dont_activate_after_match` (what matched in earlier turns is not kept), `is_user_icon` and `disable_ui_prompt` (there
// are none), and the `instruct_` and `reverse_` ones, which the specification gives to prompts that are no chat.
const READERS: Readonly<Record<string, Reader>> = {
  activate: flag({ activate: true }),
  dont_activate: flag({ dontActivate: true }),
  activate_only_after: count(0, (onlyAfter) => ({ onlyAfter })),
  activate_only_every: count(1, (onlyEvery) => ({ onlyEvery })),
  is_greeting: count(0, (greeting) => ({ greeting })),
  scan_depth: count(0, (scanDepth) => ({ scanDepth })),
  additional_keys: list((additionalKeys) => ({ additionalKeys })),
  exclude_keys: list((excludeKeys) => ({ excludeKeys })),
  // Not of the specification, but written by several editors.
  probability: (value) =>
    /^\d{1,3}(?:\.\d+)?%?$/.test(value) && parseFloat(value) <= 100
      ? { probability: parseFloat(value) }
      : undefined,
  depth: count(0, (depth) => ({ depth })),
  role: oneOf(['system', 'user', 'assistant'], (role) => ({ role })),
  position: oneOf(['before_desc', 'after_desc', 'personality', 'scenario'], (place) => ({ place })),
  ignore_on_max_context: flag({ expendable: true }),
};

const DECORATOR = /^\s*(@@@?)([a-z][a-z0-9_]*)(?:[ \t]+(.*?))?\s*$/i;

/**
 * Takes the decorators (Character Card V3, `@@name value` on a line of its own) out of an entry's text. Of several with
 * one name the first counts; `@@@name` stands in for the one above it where that cannot be honoured.
 */
export function readDecorators(content: string): DecoratedText {
  const decorations: Decorations = {};
  const seen = new Set<string>();
  const lines: string[] = [];
  let honoured = true;
  for (const line of content.split(/\r?\n/)) {
    const found = DECORATOR.exec(line);
    if (!found) {
      lines.push(line);
      // A fallback stands right below what it stands in for.
      honoured = true;
      continue;
    }
    const [, marks = '', name = '', value = ''] = found;
    if (marks === '@@@' && honoured) continue;
    const known = name.toLowerCase();
    const reader = Object.hasOwn(READERS, known) ? READERS[known] : undefined;
    const read = reader?.(value);
    honoured = read !== undefined;
    if (!honoured || seen.has(known)) continue;
    seen.add(known);
    Object.assign(decorations, read);
  }
  return { decorations, text: lines.join('\n').trim() };
}
