import type { CardAsset, CardData, CardSpec, CharacterCard, Json } from './card.types.js';
import { CARD_LIMITS } from './card.limits.js';
import type { CardFindings } from './card-findings.js';
import { CardMembers } from './card-members.js';
import { shapeOf, type CardShape } from './card-shape.js';
import { readCleanLorebook } from './lorebook-reader.js';
import { withoutAbsent } from './without-absent.js';

const LIMITS = CARD_LIMITS.data;

/** Past any second, and before any millisecond, that a card was made in. */
const LATEST_SECOND = 100_000_000_000;

/** The document of a card, of whatever version, in the one form. @throws card-invalid */
export function readDocument(
  document: Json,
  findings: CardFindings,
  fileName?: string,
): { card: CharacterCard; spec: CardSpec } {
  const shape = shapeOf(document, findings);
  const data = readData(shape, findings, fileName);
  findings.assertValid();
  return { card: { data, envelope: shape.envelope }, spec: shape.spec };
}

function readData(shape: CardShape, findings: CardFindings, fileName: string | undefined): CardData {
  const members = new CardMembers(shape.data, shape.at, findings);
  const inV2 = { required: shape.spec !== 'v1' };
  const inV3 = { required: shape.spec === 'v3' };
  const greetings = { items: CARD_LIMITS.greetings, max: CARD_LIMITS.greeting };
  const ofV1 = (field: 'description' | 'personality' | 'scenario' | 'first_mes' | 'mes_example') =>
    members.text(field, { required: true, max: LIMITS[field] });
  const ofV2 = (
    field: 'creator_notes' | 'system_prompt' | 'post_history_instructions' | 'creator' | 'character_version',
  ) => members.text(field, { ...inV2, max: LIMITS[field] });
  return withoutAbsent<CardData>({
    name: readName(members, findings, fileName),
    description: ofV1('description'),
    personality: ofV1('personality'),
    scenario: ofV1('scenario'),
    first_mes: ofV1('first_mes'),
    mes_example: ofV1('mes_example'),
    creator_notes: ofV2('creator_notes'),
    system_prompt: ofV2('system_prompt'),
    post_history_instructions: ofV2('post_history_instructions'),
    alternate_greetings: members.texts('alternate_greetings', { ...inV2, ...greetings }),
    character_book: readBook(members, findings),
    tags: members.texts('tags', { ...inV2, items: CARD_LIMITS.tags, max: CARD_LIMITS.tag, separator: ',' }),
    creator: ofV2('creator'),
    character_version: ofV2('character_version'),
    extensions: members.object('extensions', inV2),
    assets: readAssets(members, findings),
    nickname: members.optionalText('nickname', { max: LIMITS.nickname }),
    creator_notes_multilingual: readLanguages(members, findings),
    source: members.optionalTexts('source', { items: CARD_LIMITS.sources, max: CARD_LIMITS.address }),
    group_only_greetings: members.texts('group_only_greetings', { ...inV3, ...greetings }),
    creation_date: readDate(members, 'creation_date'),
    modification_date: readDate(members, 'modification_date'),
    ...members.unknown(),
  });
}

function readName(members: CardMembers, findings: CardFindings, fileName: string | undefined): string {
  const pointer = members.pointer('name');
  const text = members.text('name', { required: true, max: LIMITS.name });
  const name = onOneLine(text);
  if (name !== text) findings.repair(pointer, 'name-cleaned');
  if (name !== '') return name;
  const fromFile = nameOfFile(fileName ?? '');
  if (fromFile === '') findings.error(pointer, 'name-missing', 'A character needs a name.');
  else findings.repair(pointer, 'name-from-file');
  return fromFile;
}

const nameOfFile = (path: string): string => {
  const name = path.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
  return Array.from(onOneLine(name.replace(/\p{Surrogate}/gu, '')))
    .slice(0, LIMITS.name / 2)
    .join('');
};

const onOneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();

function readBook(members: CardMembers, findings: CardFindings) {
  const book = members.optionalObject('character_book');
  return book && readCleanLorebook(book, members.pointer('character_book'), findings);
}

function readAssets(members: CardMembers, findings: CardFindings): CardAsset[] | undefined {
  return members.objects('assets', { items: CARD_LIMITS.assets })?.map(({ item, pointer }): CardAsset => {
    const asset = new CardMembers(item, pointer, findings);
    const word = { required: true, max: CARD_LIMITS.assetWord };
    return {
      type: asset.text('type', word),
      uri: asset.text('uri', { required: true, max: CARD_LIMITS.assetAddress }),
      name: asset.text('name', word),
      ext: asset.text('ext', word),
      ...asset.unknown(),
    };
  });
}

function readLanguages(members: CardMembers, findings: CardFindings): Record<string, string> | undefined {
  const notes = members.optionalObject('creator_notes_multilingual');
  if (!notes) return undefined;
  const pointer = members.pointer('creator_notes_multilingual');
  const languages = Object.keys(notes);
  if (languages.length > CARD_LIMITS.languages)
    findings.error(
      pointer,
      'too-many',
      `It has ${languages.length} languages; ${CARD_LIMITS.languages} are allowed.`,
    );
  const texts = new CardMembers(notes, pointer, findings);
  return Object.fromEntries(
    languages.flatMap((language) => {
      const text = texts.optionalText(language, { max: LIMITS.creator_notes });
      return text === undefined ? [] : [[language, text] as const];
    }),
  );
}

/** Seconds since 1970; also read from milliseconds, digits in a text, and what Date understands. */
function readDate(members: CardMembers, name: string): number | undefined {
  const value = members.take(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value < LATEST_SECOND) return value;
  const seconds = secondsOf(typeof value === 'string' ? value.trim() : value);
  return members.converted(name, Number.isFinite(seconds) ? seconds : undefined, 'converted-date');
}

function secondsOf(value: Json): number {
  if (typeof value === 'string' && !/^\d+(?:\.\d+)?$/.test(value))
    return Math.floor(Date.parse(value) / 1000);
  if (typeof value !== 'string' && typeof value !== 'number') return NaN;
  const number = Number(value);
  return number < LATEST_SECOND ? number : Math.floor(number / 1000);
}
