import { canonicalJson } from '../../platform/json/canonical-json.js';
import type { CharacterCard, Lorebook, LorebookEntry } from './card.types.js';
import { into, type CardFindings } from './card-findings.js';
import { SPECS } from './card-shape.js';

/** What V2 has no place for; readers of V2 leave it alone. */
const ONLY_IN_V3 = [
  'nickname',
  'creator_notes_multilingual',
  'source',
  'assets',
  'creation_date',
  'modification_date',
] as const;

type Loss = (pointer: string, detail: string) => void;

const written = (
  spec: (typeof SPECS)[keyof typeof SPECS],
  data: object,
  { envelope }: CharacterCard,
): string => canonicalJson({ ...envelope, ...spec, data });

/** The document of V3; the same card gives the same text. */
export const documentV3 = (card: CharacterCard): string => written(SPECS.v3, card.data, card);

/**
 * The document of V2. What only V3 knows stays where it was, so that nothing is lost on the way back; each such thing is
 * a warning.
 */
export function documentV2(card: CharacterCard, findings: CardFindings): string {
  const { group_only_greetings: forGroups, character_book: book, ...data } = card.data;
  const lose: Loss = (pointer, detail) => findings.warn('not-in-v2', detail, pointer);
  for (const field of ONLY_IN_V3)
    if (data[field] !== undefined) lose(into('#/data', field), `"${field}" is of V3.`);
  if (forGroups.length > 0) lose('#/data/group_only_greetings', 'Greetings for groups are of V3.');
  const dataV2 = {
    ...data,
    ...(forGroups.length > 0 && { group_only_greetings: forGroups }),
    ...(book && { character_book: bookV2(book, lose) }),
  };
  return written(SPECS.v2, dataV2, card);
}

function bookV2(book: Lorebook, lose: Loss): object {
  const entries = book.entries.map((entry, index) =>
    entryV2(entry, (member, detail) => lose(`#/data/character_book/entries/${index}/${member}`, detail)),
  );
  return { ...book, entries };
}

function entryV2(entry: LorebookEntry, lose: Loss): object {
  if (typeof entry.id === 'string') lose('id', 'Ids that are not numbers are of V3.');
  if (/^@@/m.test(entry.content)) lose('content', 'Decorators are of V3; readers of V2 take them for text.');
  const { use_regex: isRegex, ...others } = entry;
  if (!isRegex) return others;
  lose('use_regex', 'Keys that are regular expressions are of V3.');
  return entry;
}
