import type { CharacterContent } from '../characters.types.js';
import { LIMITS, normalizeTag } from '../characters.rules.js';
import type { CardData, CharacterCard, JsonObject, Lorebook } from './card.types.js';

/** The texts that a card and a character both have, by their names in each. */
const SHARED_TEXTS = [
  ['name', 'name'],
  ['description', 'description'],
  ['personality', 'personality'],
  ['scenario', 'scenario'],
  ['first_mes', 'firstMessage'],
  ['mes_example', 'exampleDialogue'],
  ['system_prompt', 'systemPrompt'],
  ['post_history_instructions', 'postHistoryInstructions'],
  ['creator_notes', 'creatorNotes'],
] as const;

type SharedText = (typeof SHARED_TEXTS)[number][0];

/** What of a card is content of a character; a card has no visibility. */
export type CardContent = Omit<CharacterContent, 'visibility'>;

/** What a card has and a character has no field for, unknown members included. JSON, to be stored as it is. */
export interface CardRest {
  data: Omit<CardData, SharedText | 'alternate_greetings' | 'character_book'>;
  envelope: JsonObject;
}

/** A card in the parts that are stored: {@link joinCard} makes the same card of them again. */
export interface CardParts {
  content: CardContent;
  lorebook: Lorebook | null;
  rest: CardRest;
}

/** Tags as a character has them; the card's own stay in the rest. */
const tagsOf = (tags: readonly string[]): string[] =>
  [...new Set(tags.map(normalizeTag))]
    .filter((tag) => tag !== '' && tag.length <= LIMITS.tag)
    .slice(0, LIMITS.tags);

const sameTags = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((tag, index) => tag === b[index]);

/** A card as a character stores it. Shares what it does not change with the card. */
export function splitCard({ data, envelope }: CharacterCard): CardParts {
  const { alternate_greetings: alternateGreetings, character_book: lorebook = null, ...others } = data;
  const rest: Partial<typeof others> = { ...others };
  for (const [field] of SHARED_TEXTS) delete rest[field];
  const texts = Object.fromEntries(SHARED_TEXTS.map(([from, to]) => [to, data[from]])) as Omit<
    CardContent,
    'alternateGreetings' | 'tags'
  >;
  return {
    content: { ...texts, alternateGreetings, tags: tagsOf(data.tags) },
    lorebook,
    rest: { data: rest as CardRest['data'], envelope },
  };
}

/** What a card is made of where a character was never one. */
export const EMPTY_REST: Readonly<CardRest> = {
  data: { tags: [], creator: '', character_version: '', extensions: {}, group_only_greetings: [] },
  envelope: {},
};

/**
 * The card of a stored character. The content wins: the card's own spelling of the tags comes back only while they are
 * still the same tags.
 */
export function joinCard({ content, lorebook, rest }: CardParts): CharacterCard {
  const texts = Object.fromEntries(SHARED_TEXTS.map(([to, from]) => [to, content[from]])) as Pick<
    CardData,
    SharedText
  >;
  const tags = sameTags(tagsOf(rest.data.tags), content.tags) ? rest.data.tags : content.tags;
  return {
    data: {
      ...rest.data,
      ...texts,
      alternate_greetings: content.alternateGreetings,
      tags,
      ...(lorebook && { character_book: lorebook }),
    },
    envelope: rest.envelope,
  };
}
