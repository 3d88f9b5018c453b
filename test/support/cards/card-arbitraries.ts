import fc from 'fast-check';
import { LIMITS } from '../../../src/characters/characters.rules.js';
import type {
  CardData,
  CharacterCard,
  JsonObject,
  Lorebook,
  LorebookEntry,
} from '../../../src/characters/cards/card.types.js';
import type { CardFile } from '../../../src/characters/cards/card-file.types.js';
import { DATA_FIELDS } from '../../../src/characters/cards/card-shape.js';

/** Any text that a card can keep: all of Unicode but NUL. */
const text = fc.string({ unit: 'binary', maxLength: 30 }).map((any) => any.replaceAll('\0', ''));
const texts = fc.array(text, { maxLength: 4 });
const line = text.map((any) => any.replace(/\p{Cc}+/gu, ' ').trim());
const name = line.filter((any) => any !== '' && any.length <= LIMITS.name);
const number = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((any) => any + 0);

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '').replaceAll('"__proto__"', '"proto"'));

/** Members that no specification knows, of any JSON: arrays of objects, nulls, and names with what JSON escapes. */
const members = (taken: readonly string[]): fc.Arbitrary<JsonObject> =>
  fc
    .dictionary(
      fc.oneof(text, fc.constantFrom('constructor', 'toString', 'a/b~c', '0')),
      fc.jsonValue({ stringUnit: 'binary' }),
      { maxKeys: 3, noNullPrototype: true },
    )
    .map((any) => plain(any) as JsonObject)
    .map((any) => Object.fromEntries(Object.entries(any).filter(([member]) => !taken.includes(member))));

const unknownOf = (taken: readonly string[]) => members([...taken, '__proto__']);

function record<T extends object>(
  required: { [Field in keyof T]?: fc.Arbitrary<T[Field]> },
  optional: { [Field in keyof T]?: fc.Arbitrary<NonNullable<T[Field]>> },
): fc.Arbitrary<T> {
  const fields: Record<string, fc.Arbitrary<unknown>> = { ...required, ...optional };
  return fc
    .tuple(
      unknownOf(Object.keys(fields)),
      fc.record(fields, { requiredKeys: Object.keys(required), noNullPrototype: true }),
    )
    .map(([unknown, known]) => ({ ...unknown, ...known }) as T);
}

const flag = fc.boolean();
const extensions = unknownOf([]);

const entry = record<LorebookEntry>(
  { keys: texts, content: text, extensions, enabled: flag, insertion_order: number, use_regex: flag },
  {
    case_sensitive: flag,
    constant: flag,
    name: text,
    priority: number,
    id: fc.oneof(fc.integer(), text),
    comment: text,
    selective: flag,
    secondary_keys: texts,
    position: fc.constantFrom('before_char' as const, 'after_char' as const),
  },
);

const book = record<Lorebook>(
  { extensions, entries: fc.array(entry, { maxLength: 3 }) },
  { name: text, description: text, scan_depth: number, token_budget: number, recursive_scanning: flag },
);

const asset = record<NonNullable<CardData['assets']>[number]>(
  {
    type: text,
    uri: fc.oneof(text, fc.constantFrom('embeded://files/a.png', 'ccdefault:')),
    name: text,
    ext: text,
  },
  {},
);

const data = record<CardData>(
  {
    name,
    description: text,
    personality: text,
    scenario: text,
    first_mes: text,
    mes_example: text,
    creator_notes: text,
    system_prompt: text,
    post_history_instructions: text,
    alternate_greetings: texts,
    tags: texts,
    creator: text,
    character_version: text,
    extensions,
    group_only_greetings: texts,
  },
  {
    character_book: book,
    assets: fc.array(asset, { maxLength: 3 }),
    nickname: text,
    creator_notes_multilingual: fc.dictionary(fc.constantFrom('de', 'en', 'ja'), text, {
      noNullPrototype: true,
    }),
    source: texts,
    creation_date: fc.integer({ min: 0, max: 4_000_000_000 }),
    modification_date: fc.integer({ min: 0, max: 4_000_000_000 }),
  },
);

const envelope = unknownOf([...DATA_FIELDS, 'creatorcomment', 'spec', 'spec_version', 'data']);

/** Any card, as its specification has it, with unknown members at every level. */
export const anyCard: fc.Arbitrary<CharacterCard> = fc.record({ data, envelope }, { noNullPrototype: true });

export const someFiles: fc.Arbitrary<CardFile[]> = fc.uniqueArray(
  fc.record({
    path: fc.constantFrom('files/a.png', 'files/b.png', '0', 'ünïcode/日本.webp'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  }),
  { selector: ({ path }) => path, maxLength: 4 },
);
