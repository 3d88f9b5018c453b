import type { JsonObject, Lorebook, LorebookEntry } from './card.types.js';
import { CARD_LIMITS } from './card.limits.js';
import { cleaned } from './card-document.js';
import type { CardFindings } from './card-findings.js';
import { CardMembers } from './card-members.js';
import { withoutAbsent } from './without-absent.js';

const LIMITS = CARD_LIMITS.lorebook;
const DEFAULT_INSERTION_ORDER = 100;
const POSITIONS = ['before_char', 'after_char'] as const;

/** What programs with world info files call the members of an entry. */
const WORLD_INFO_NAMES = {
  key: 'keys',
  keysecondary: 'secondary_keys',
  order: 'insertion_order',
  uid: 'id',
  caseSensitive: 'case_sensitive',
} as const;

/**
 * Reads a lorebook of any version, or a world info file; `pointer` is where it stands. What cannot be read is told to
 * `findings` as an error and is in the result as its default: call `findings.assertValid()` before using it.
 */
export const readLorebook = (source: JsonObject, pointer: string, findings: CardFindings): Lorebook =>
  readCleanLorebook(cleaned(source, pointer, findings) as JsonObject, pointer, findings);

/** As {@link readLorebook}, of a document that was cleaned. */
export function readCleanLorebook(source: JsonObject, pointer: string, findings: CardFindings): Lorebook {
  const book = new CardMembers(source, pointer, findings);
  const entries = book.objects('entries', { required: true, items: LIMITS.entries }) ?? [];
  return withoutAbsent<Lorebook>({
    name: book.optionalText('name', { max: LIMITS.name }),
    description: book.optionalText('description', { max: LIMITS.text }),
    scan_depth: book.number('scan_depth'),
    token_budget: book.number('token_budget'),
    recursive_scanning: book.flag('recursive_scanning'),
    extensions: book.object('extensions', { required: true }),
    entries: entries.map(({ item, pointer: at }) => readEntry(item, at, findings)),
    ...book.unknown(),
  });
}

function readEntry(source: JsonObject, pointer: string, findings: CardFindings): LorebookEntry {
  const entry = new CardMembers(fromWorldInfo(source, pointer, findings), pointer, findings);
  const keys = { items: LIMITS.keys, max: LIMITS.key, separator: ',' };
  const position = readPosition(entry);
  return withoutAbsent<LorebookEntry>({
    keys: entry.texts('keys', { ...keys, required: true }),
    content: entry.text('content', { required: true, max: LIMITS.content }),
    extensions: position.extensions,
    enabled: entry.flag('enabled', { required: true }) ?? true,
    insertion_order: entry.number('insertion_order', { required: true }) ?? DEFAULT_INSERTION_ORDER,
    // Not of V2, whose keys are never expressions; V3 wants it, and says so by having it.
    use_regex: entry.flag('use_regex') ?? false,
    case_sensitive: entry.flag('case_sensitive'),
    constant: entry.flag('constant'),
    name: entry.optionalText('name', { max: LIMITS.name }),
    priority: entry.number('priority'),
    id: readId(entry),
    comment: entry.optionalText('comment', { max: LIMITS.text }),
    selective: entry.flag('selective'),
    secondary_keys: entry.optionalTexts('secondary_keys', keys),
    position: position.position,
    ...entry.unknown(),
  });
}

function fromWorldInfo(source: JsonObject, pointer: string, findings: CardFindings): JsonObject {
  if (Object.hasOwn(source, 'keys') || !Object.hasOwn(source, 'key')) return source;
  findings.repair(pointer, 'world-info-entry');
  const entry: JsonObject = { enabled: source.disable !== true, extensions: {} };
  for (const [name, value] of Object.entries(source)) {
    const known = Object.hasOwn(WORLD_INFO_NAMES, name)
      ? WORLD_INFO_NAMES[name as keyof typeof WORLD_INFO_NAMES]
      : name;
    if (name !== 'disable') entry[known] = value;
  }
  return entry;
}

const readId = (entry: CardMembers): number | string | undefined => {
  const id = entry.take('id');
  return typeof id === 'number'
    ? id
    : id === undefined
      ? undefined
      : entry.optionalText('id', { max: LIMITS.name });
};

/** World info has more places than two, as numbers; those stay in the extensions, where programs with them look. */
function readPosition(entry: CardMembers): Pick<LorebookEntry, 'position' | 'extensions'> {
  const extensions = entry.object('extensions', { required: true });
  const value = entry.take('position');
  if (value === undefined) return { extensions };
  const position = typeof value === 'number' ? POSITIONS[value] : POSITIONS.find((known) => known === value);
  if (position === value) return { position, extensions };
  entry.converted('position', position, 'converted-to-text');
  return { position, extensions: 'position' in extensions ? extensions : { ...extensions, position: value } };
}
