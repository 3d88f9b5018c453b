import { detailsOf, withDetails } from './card-details.js';
import { EMPTY_REST, type CardRest } from './cards/card-mapping.js';

const card = {
  data: {
    ...EMPTY_REST.data,
    tags: ['Sea'],
    creator: 'somebody',
    source: [],
    extensions: { depth: 4 },
    creation_date: 5,
    assets: [{ type: 'icon', uri: 'ccdefault:', name: 'main', ext: 'png' }],
    unheard_of: { two: 2 },
  },
  envelope: { fav: true },
} as CardRest;

it('a card whose details are written back as they were read is the same card', () => {
  expect(withDetails(card, detailsOf(card))).toEqual(card);
  expect(Object.keys(withDetails(card, detailsOf(card)).data)).not.toContain('nickname');
});

it('a changed detail changes that member alone', () => {
  expect(withDetails(card, { ...detailsOf(card), nickname: 'A.', author: 'me' })).toEqual({
    envelope: card.envelope,
    data: { ...card.data, nickname: 'A.', creator: 'me' },
  });
});

it('a detail that the card had can be emptied', () => {
  const named = withDetails(card, { ...detailsOf(card), nickname: 'A.' });
  expect(detailsOf(withDetails(named, { ...detailsOf(named), nickname: '' })).nickname).toBe('');
});
