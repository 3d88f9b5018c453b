import { EventBudget } from './event-budget.js';

it('lets a burst of two seconds through, and then so many a second', () => {
  let now = 0;
  const budget = new EventBudget(100, () => now);
  const sent = (): number => {
    let count = 0;
    while (budget.take()) count += 1;
    return count;
  };
  expect(sent()).toBe(200);
  now += 500;
  expect(sent()).toBe(50);
  now += 60_000;
  expect(sent()).toBe(200);
});
