import type { Character, CharacterContent, CharacterPrompt } from './characters.types.js';

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
} as const;

const EXCERPT_LENGTH = 200;

const EMPTY: Readonly<Omit<CharacterContent, 'name'>> = {
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
};

type Nullable<T> = { [Field in keyof T]?: T[Field] | null };

/** What a client sends to create or replace a character; absent and null both mean the default. */
export type CharacterDraft = Pick<CharacterContent, 'name'> & Nullable<Omit<CharacterContent, 'name'>>;

/** RFC 7396 merge patch: absent keeps, null goes back to the default. */
export type CharacterChange = Partial<Pick<CharacterContent, 'name'>> &
  Nullable<Omit<CharacterContent, 'name'>>;

const FIELDS = ['name', ...Object.keys(EMPTY)] as readonly (keyof CharacterContent)[];

export const normalizeTag = (tag: string): string => tag.trim().toLowerCase();

const normalizeTags = (tags: string[]): string[] =>
  [...new Set(tags.map(normalizeTag))].filter((tag) => tag !== '');

/** The content after `change` was merged into `current`. */
export function merge(current: CharacterContent, change: CharacterChange): CharacterContent {
  const picked = Object.fromEntries(
    FIELDS.map((field) => {
      const value = change[field];
      if (value === undefined) return [field, current[field]];
      return [field, value ?? { ...EMPTY, name: current.name }[field]];
    }),
  ) as unknown as CharacterContent;
  return { ...picked, tags: normalizeTags(picked.tags) };
}

export const fromDraft = (draft: CharacterDraft): CharacterContent =>
  merge({ ...EMPTY, name: draft.name }, draft);

/** The beginning of a description, cut at a word where there is one. */
export function excerptOf(description: string): string {
  const text = description.replace(/\s+/g, ' ').trim();
  const characters = Array.from(text);
  if (characters.length <= EXCERPT_LENGTH) return text;
  const cut = characters.slice(0, EXCERPT_LENGTH - 1).join('');
  const lastSpace = cut.lastIndexOf(' ');
  return `${lastSpace > EXCERPT_LENGTH / 2 ? cut.slice(0, lastSpace) : cut}…`;
}

export const promptOf = (character: Character): CharacterPrompt => ({
  version: character.version,
  system: character.systemPrompt,
  postHistory: character.postHistoryInstructions,
  greeting: character.firstMessage,
  alternateGreetings: character.alternateGreetings,
  exampleDialogue: character.exampleDialogue,
});
