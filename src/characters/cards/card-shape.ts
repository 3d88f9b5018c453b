import { canonicalJson } from '../../platform/json/canonical-json.js';
import type { CardSpec, Json, JsonObject } from './card.types.js';
import { cardInvalid, into, type CardFindings } from './card-findings.js';
import { isObject } from './card-members.js';

export const SPECS = {
  v2: { spec: 'chara_card_v2', spec_version: '2.0' },
  v3: { spec: 'chara_card_v3', spec_version: '3.0' },
} as const;

const V1_FIELDS = ['name', 'description', 'personality', 'scenario', 'first_mes', 'mes_example'] as const;
const V2_FIELDS = [
  'creator_notes',
  'system_prompt',
  'post_history_instructions',
  'alternate_greetings',
  'character_book',
  'tags',
  'creator',
  'character_version',
  'extensions',
] as const;
const V3_FIELDS = [
  'assets',
  'nickname',
  'creator_notes_multilingual',
  'source',
  'group_only_greetings',
  'creation_date',
  'modification_date',
] as const;

/** Every member of `data` that a specification names, in the order of the specifications. */
export const DATA_FIELDS = [...V1_FIELDS, ...V2_FIELDS, ...V3_FIELDS] as const;

/** What programs before and beside the specifications called the fields. */
const OLD_NAMES: Readonly<Record<string, (typeof DATA_FIELDS)[number]>> = {
  char_name: 'name',
  char_persona: 'description',
  context: 'description',
  world_scenario: 'scenario',
  char_greeting: 'first_mes',
  greeting: 'first_mes',
  example_dialogue: 'mes_example',
  creatorcomment: 'creator_notes',
};

export interface CardShape {
  spec: CardSpec;
  data: JsonObject;
  /** Where `data` stood. */
  at: string;
  envelope: JsonObject;
}

/** Finds the fields of a card: where its `spec` says, or else where cards without one have them. @throws card-invalid */
export function shapeOf(document: Json, findings: CardFindings): CardShape {
  if (!isObject(document)) throw cardInvalid('not-a-card', 'The document of a card is a JSON object.');
  const { spec: said, spec_version: version, data, ...beside } = document;
  const named = said === SPECS.v3.spec ? 'v3' : said === SPECS.v2.spec ? 'v2' : undefined;
  if (named) checkVersion(named, version, findings);
  else if (said !== undefined && said !== null) findings.repair('#/spec', 'spec-unknown');
  if (isObject(data)) {
    if (said === undefined || said === null) findings.repair('#', 'spec-missing');
    const spec = named ?? (hasAny(data, V3_FIELDS) ? 'v3' : 'v2');
    return { spec, at: '#/data', ...withFieldsBeside(data, beside, findings) };
  }
  const fields = underPresentNames(beside, findings);
  if (!hasAny(fields, V1_FIELDS)) throw notACard(beside);
  const spec = named ?? (hasAny(beside, V3_FIELDS) ? 'v3' : hasAny(beside, V2_FIELDS) ? 'v2' : 'v1');
  if (spec !== 'v1') findings.repair('#', 'data-missing');
  const isField = (name: string) => (DATA_FIELDS as readonly string[]).includes(name);
  return {
    spec,
    at: '#',
    data: only(fields, isField),
    envelope: only(fields, (name) => !isField(name)),
  };
}

const hasAny = (object: JsonObject, names: readonly string[]): boolean =>
  names.some((name) => Object.hasOwn(object, name));

const only = (object: JsonObject, wanted: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => wanted(name)));

function notACard(document: JsonObject): Error {
  const detail = Object.hasOwn(document, 'entries')
    ? 'This is a lorebook, not a character card.'
    : 'The document has none of the fields of a character card.';
  return cardInvalid('not-a-card', detail);
}

function checkVersion(spec: keyof typeof SPECS, version: Json | undefined, findings: CardFindings): void {
  const { spec_version: right } = SPECS[spec];
  if (version === right) return;
  findings.repair('#/spec_version', 'spec-version');
  if (Number(version) > Number(right))
    findings.warn('newer-version', `It was read as version ${right}.`, '#/spec_version');
}

function underPresentNames(fields: JsonObject, findings: CardFindings): JsonObject {
  const members = Object.entries(fields).map(([name, value]): [string, Json] => {
    const present = Object.hasOwn(OLD_NAMES, name) ? OLD_NAMES[name] : undefined;
    if (present === undefined || Object.hasOwn(fields, present)) return [name, value];
    findings.repair(into('#', name), 'renamed-field');
    return [present, value];
  });
  // The first of two old names of one field stands.
  return Object.fromEntries(members.toReversed());
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** Many programs write the fields of V1 beside `data` for readers of V1: copies go, and what only they have is used. */
function withFieldsBeside(
  data: JsonObject,
  beside: JsonObject,
  findings: CardFindings,
): Pick<CardShape, 'data' | 'envelope'> {
  const filled = { ...data };
  const envelope: JsonObject = {};
  for (const [name, value] of Object.entries(beside)) {
    const field = name === 'creatorcomment' ? 'creator_notes' : DATA_FIELDS.find((known) => known === name);
    if (field === undefined) envelope[name] = value;
    else if (isEmpty(value) || canonicalJson(value) === canonicalJson(filled[field])) continue;
    else if (isEmpty(filled[field])) {
      filled[field] = value;
      findings.repair(into('#', name), 'beside-data-used');
    } else findings.repair(into('#', name), 'beside-data-ignored');
  }
  return { data: filled, envelope };
}
