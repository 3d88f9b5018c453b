import { Tally } from './tally.js';

it('gives each key so many places, each given back once, and forgets who has none', () => {
  const tally = new Tally(2);
  const leaveFirst = tally.take('ada');
  const leaveSecond = tally.take('ada');
  expect(tally.take('ada')).toBeUndefined();
  expect(tally.take('bob')).toBeDefined();
  leaveFirst?.();
  leaveFirst?.();
  const leaveThird = tally.take('ada');
  expect(leaveThird).toBeDefined();
  expect(tally.take('ada')).toBeUndefined();
  leaveSecond?.();
  leaveThird?.();
  expect(tally.size).toBe(1);
});
