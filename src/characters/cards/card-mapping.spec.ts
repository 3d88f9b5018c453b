import type { CharacterCard } from './card.types.js';
import { EMPTY_REST, joinCard, splitCard } from './card-mapping.js';

const card = {
  data: {
    name: 'Ada',
    description: 'Keeps the light.',
    personality: 'Dry.',
    scenario: 'A storm.',
    first_mes: 'Come in.',
    mes_example: '<START>',
    creator_notes: 'Slow.',
    system_prompt: '{{original}}',
    post_history_instructions: 'Stay.',
    alternate_greetings: ['You again?'],
    character_book: { extensions: {}, entries: [] },
    tags: ['Sea', ' Slow Burn', 'sea'],
    creator: 'somebody',
    character_version: '1.2',
    extensions: { depth: 4 },
    nickname: 'A.',
    group_only_greetings: ['All of you!'],
    unheard_of: [1, { two: 3 }],
  },
  envelope: { fav: true },
} as CharacterCard;

describe('a card and the character that it becomes', () => {
  it('the character has the fields under its own names, with tags as it keeps them', () => {
    const { content, lorebook } = splitCard(card);
    expect(content).toEqual({
      name: 'Ada',
      description: 'Keeps the light.',
      personality: 'Dry.',
      scenario: 'A storm.',
      firstMessage: 'Come in.',
      exampleDialogue: '<START>',
      systemPrompt: '{{original}}',
      postHistoryInstructions: 'Stay.',
      creatorNotes: 'Slow.',
      alternateGreetings: ['You again?'],
      tags: ['sea', 'slow burn'],
    });
    expect(lorebook).toEqual({ extensions: {}, entries: [] });
  });

  it('nothing of the content is stored a second time', () => {
    expect(splitCard(card).rest).toEqual({
      data: {
        tags: ['Sea', ' Slow Burn', 'sea'],
        creator: 'somebody',
        character_version: '1.2',
        extensions: { depth: 4 },
        nickname: 'A.',
        group_only_greetings: ['All of you!'],
        unheard_of: [1, { two: 3 }],
      },
      envelope: { fav: true },
    });
  });

  it('the character becomes the same card again, with members that nobody knows', () => {
    expect(joinCard(splitCard(card))).toEqual(card);
  });

  it('what was changed since is what the card says', () => {
    const parts = splitCard(card);
    const changed = joinCard({ ...parts, content: { ...parts.content, name: 'Eve', tags: ['harbour'] } });
    expect(changed.data).toMatchObject({ name: 'Eve', tags: ['harbour'], nickname: 'A.' });
  });

  it('a character that never was a card becomes one', () => {
    const { content } = splitCard(card);
    const { data } = joinCard({ content, lorebook: null, rest: EMPTY_REST });
    expect(data).toMatchObject({ name: 'Ada', tags: ['sea', 'slow burn'], extensions: {} });
    expect(data).not.toHaveProperty('character_book');
  });

  it('tags that a character cannot take stay in the card', () => {
    const many = Array.from({ length: 50 }, (_, index) => `Tag ${index}`);
    const parts = splitCard({ ...card, data: { ...card.data, tags: [...many, 'x'.repeat(100)] } });
    expect(parts.content.tags).toHaveLength(32);
    expect(joinCard(parts).data.tags).toHaveLength(51);
  });
});
