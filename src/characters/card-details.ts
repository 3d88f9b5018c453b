import type { CardRest } from './cards/card-mapping.js';
import type { CardDetails } from './characters.types.js';

type CardData = CardRest['data'];

/** The details as their card has them; what it leaves out is empty. */
export const detailsOf = ({ data }: CardRest): CardDetails => ({
  nickname: data.nickname ?? '',
  groupOnlyGreetings: data.group_only_greetings,
  creatorNotesMultilingual: data.creator_notes_multilingual ?? {},
  source: data.source ?? [],
  author: data.creator,
  characterVersion: data.character_version,
  extensions: data.extensions,
});

/**
 * The card with these details. What has no name here stays as it is, and a member that the card left out is not made up
 * while it is empty: an export gives back what was imported.
 */
export function withDetails({ data, envelope }: CardRest, details: CardDetails): CardRest {
  const { nickname, creatorNotesMultilingual, source } = details;
  return {
    envelope,
    data: {
      ...data,
      ...optional(data, 'nickname', nickname, nickname === ''),
      ...optional(
        data,
        'creator_notes_multilingual',
        creatorNotesMultilingual,
        Object.keys(creatorNotesMultilingual).length === 0,
      ),
      ...optional(data, 'source', source, source.length === 0),
      group_only_greetings: details.groupOnlyGreetings,
      creator: details.author,
      character_version: details.characterVersion,
      extensions: details.extensions,
    },
  };
}

const optional = <Name extends keyof CardData>(
  data: CardData,
  name: Name,
  value: CardData[Name],
  isEmpty: boolean,
): Partial<CardData> => (isEmpty && data[name] === undefined ? {} : { [name]: value });
