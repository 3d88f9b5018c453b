import { isDeepStrictEqual } from 'node:util';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { mergePatch } from '../platform/json/merge-patch.js';
import type { CardDetails, Character, CharacterContent, CharacterPrompt } from './characters.types.js';

/** The largest of each field, in characters. A whole character stays far below the 1 MiB body limit. */
export const LIMITS = {
  name: 120,
  description: 20_000,
  personality: 20_000,
  scenario: 20_000,
  greeting: 8_000,
  greetings: 32,
  exampleDialogue: 40_000,
  systemPrompt: 20_000,
  postHistoryInstructions: 8_000,
  creatorNotes: 20_000,
  tag: 40,
  tags: 32,
  search: 200,
  source: 1_000,
  sources: 100,
  languages: 50,
  author: 400,
  characterVersion: 200,
  extensionsBytes: 65_536,
  traits: 50,
  traitName: 80,
  tone: 400,
  style: 2_000,
} as const;

const EXCERPT_LENGTH = 200;

const PROMPT_FIELDS = [
  'systemPrompt',
  'postHistoryInstructions',
  'firstMessage',
  'alternateGreetings',
  'exampleDialogue',
] as const;

/** Everything that a client may set in one go. */
export type CharacterFields = CharacterContent & CardDetails;

const EMPTY: Readonly<Omit<CharacterFields, 'name'>> = {
  description: '',
  personality: '',
  scenario: '',
  firstMessage: '',
  alternateGreetings: [],
  exampleDialogue: '',
  systemPrompt: '',
  postHistoryInstructions: '',
  creatorNotes: '',
  tags: [],
  visibility: 'private',
  nickname: '',
  groupOnlyGreetings: [],
  creatorNotesMultilingual: {},
  source: [],
  author: '',
  characterVersion: '',
  extensions: {},
};

type Nullable<T> = { [Field in keyof T]?: T[Field] | null };

/** What a client sends to create or replace a character; absent and null both mean the default. */
export type CharacterDraft = Pick<CharacterFields, 'name'> & Nullable<Omit<CharacterFields, 'name'>>;

/** A whole prompt; absent and null both mean empty. */
export type PromptDraft = Nullable<Omit<CharacterPrompt, 'version' | 'tokenCounts'>>;

/** RFC 7396 merge patch: absent keeps, null goes back to the default. Objects are merged in the same way. */
export type CharacterChange = Partial<Pick<CharacterFields, 'name'>> &
  Nullable<Omit<CharacterFields, 'name'>>;

const FIELDS = ['name', ...Object.keys(EMPTY)] as readonly (keyof CharacterFields)[];

export const normalizeTag = (tag: string): string => tag.trim().toLowerCase();

const normalizeTags = (tags: string[]): string[] =>
  [...new Set(tags.map(normalizeTag))].filter((tag) => tag !== '');

const complete = (valueOf: (field: keyof CharacterFields) => unknown): CharacterFields => {
  const fields = Object.fromEntries(
    FIELDS.map((field) => [field, valueOf(field)]),
  ) as unknown as CharacterFields;
  return { ...fields, tags: normalizeTags(fields.tags) };
};

/** What a character is after `change` was merged into `current`. */
export const merge = (current: CharacterFields, change: CharacterChange): CharacterFields =>
  complete((field) => {
    const value = change[field];
    if (value === undefined) return current[field];
    return value === null ? { ...EMPTY, name: current.name }[field] : mergePatch(current[field], value);
  });

/**
 * A merge patch is checked by itself, and many small ones could grow an object without end. What a card brought may stay.
 * @throws payload-too-large
 */
export function assertBounded(before: CardDetails, after: CardDetails): void {
  const bytes = (value: object): number => Buffer.byteLength(JSON.stringify(value));
  const limits = [
    ['extensions', bytes(after.extensions), bytes(before.extensions), LIMITS.extensionsBytes],
    [
      'creatorNotesMultilingual',
      Object.keys(after.creatorNotesMultilingual).length,
      Object.keys(before.creatorNotesMultilingual).length,
      LIMITS.languages,
    ],
  ] as const;
  for (const [field, size, sizeBefore, limit] of limits) {
    if (size <= Math.max(limit, sizeBefore)) continue;
    throw platformErrors['payload-too-large'](`With this, ${field} would be larger than ${limit}.`, {
      members: { field, limit, size },
    });
  }
}

export const fromDraft = (draft: CharacterDraft): CharacterFields =>
  complete((field) => draft[field] ?? { ...EMPTY, name: draft.name }[field]);

/** The part of the fields that has columns of its own; the details are part of the card. */
export const contentOf = (fields: CharacterFields): CharacterContent => ({
  name: fields.name,
  description: fields.description,
  personality: fields.personality,
  scenario: fields.scenario,
  firstMessage: fields.firstMessage,
  alternateGreetings: fields.alternateGreetings,
  exampleDialogue: fields.exampleDialogue,
  systemPrompt: fields.systemPrompt,
  postHistoryInstructions: fields.postHistoryInstructions,
  creatorNotes: fields.creatorNotes,
  tags: fields.tags,
  visibility: fields.visibility,
});

/** Whether anything differs that {@link promptOf} tells. */
export const changesPrompt = (before: CharacterContent, after: CharacterContent): boolean =>
  PROMPT_FIELDS.some((field) => !isDeepStrictEqual(before[field], after[field]));

/** The beginning of a description, cut at a word where there is one. */
export function excerptOf(description: string): string {
  const text = description.replace(/\s+/g, ' ').trim();
  const characters = Array.from(text);
  if (characters.length <= EXCERPT_LENGTH) return text;
  const cut = characters.slice(0, EXCERPT_LENGTH - 1).join('');
  const lastSpace = cut.lastIndexOf(' ');
  return `${lastSpace > EXCERPT_LENGTH / 2 ? cut.slice(0, lastSpace) : cut}…`;
}

/** The fields that a prompt is made of, under the character's names. */
export const fieldsOfPrompt = (prompt: PromptDraft): CharacterChange => ({
  systemPrompt: prompt.system ?? null,
  postHistoryInstructions: prompt.postHistory ?? null,
  firstMessage: prompt.greeting ?? null,
  alternateGreetings: prompt.alternateGreetings ?? null,
  exampleDialogue: prompt.exampleDialogue ?? null,
});

export const promptOf = (character: Character, tokensOf: (text: string) => number): CharacterPrompt => ({
  version: character.promptVersion,
  system: character.systemPrompt,
  postHistory: character.postHistoryInstructions,
  greeting: character.firstMessage,
  alternateGreetings: character.alternateGreetings,
  exampleDialogue: character.exampleDialogue,
  tokenCounts: {
    system: tokensOf(character.systemPrompt),
    postHistory: tokensOf(character.postHistoryInstructions),
    greeting: tokensOf(character.firstMessage),
    alternateGreetings: character.alternateGreetings.map(tokensOf),
    exampleDialogue: tokensOf(character.exampleDialogue),
  },
});
