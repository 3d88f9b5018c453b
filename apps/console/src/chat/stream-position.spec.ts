import { placeOf } from './stream-position.js';

const event = (seq: number | null, epoch = 'e') => ({ stream: 's', epoch, seq, type: 't', data: {} });
const position = { epoch: 'e', seq: 7 };

it.each([
  ['the next event', event(8), 'next'],
  ['an event without a place', event(null), 'next'],
  ['the same event again', event(7), 'seen'],
  ['an older event', event(3), 'seen'],
  ['an event after a missing one', event(9), 'lost'],
  ['any event of a stream that began anew', event(1, 'f'), 'lost'],
])('tells the place of %s', (_what, heard, place) => {
  expect(placeOf(position, heard)).toBe(place);
});
