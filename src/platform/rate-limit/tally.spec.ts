import { Tally } from './tally.js';

it('gives each key so many places, again when they are given back, and forgets who has none', () => {
  const tally = new Tally(2);
  expect([tally.take('ada'), tally.take('ada'), tally.take('ada')]).toEqual([true, true, false]);
  expect(tally.take('bob')).toBe(true);
  tally.giveBack('ada');
  expect([tally.take('ada'), tally.take('ada')]).toEqual([true, false]);
  tally.giveBack('ada');
  tally.giveBack('ada');
  expect(tally.size).toBe(1);
  tally.giveBack('ada');
  expect([tally.take('ada'), tally.take('ada'), tally.take('ada')]).toEqual([true, true, false]);
});
