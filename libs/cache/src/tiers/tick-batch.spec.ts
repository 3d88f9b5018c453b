import { CallBudget } from './call-budget.js';
import { TickBatch } from './tick-batch.js';

describe('a batch of one turn', () => {
  const runs: { requests: readonly number[]; allowedMs: number }[] = [];
  const double = async (requests: readonly number[], budget: CallBudget): Promise<number[]> => {
    runs.push({ requests, allowedMs: budget.remainingMs });
    budget.spend(10);
    if (requests.includes(13)) throw new Error('refused');
    return requests.map((request) => request * 2);
  };

  beforeEach(() => runs.splice(0));

  it('asks once for all that were asked for, and gives each its own answer', async () => {
    const batch = new TickBatch(double, 10);
    const budgets = [1, 2, 3].map(() => new CallBudget(50));
    const answers = [1, 2, 3].map((request, at) => batch.add(request, budgets[at]!));
    expect(await Promise.all(answers)).toEqual([2, 4, 6]);
    expect(runs).toEqual([{ requests: [1, 2, 3], allowedMs: 50 }]);
    expect(budgets.map(({ remainingMs }) => remainingMs)).toEqual([40, 40, 40]);
    expect(await batch.add(4, new CallBudget(50))).toBe(8);
    expect(runs).toHaveLength(2);
  });

  it('is sent when it is full', async () => {
    const batch = new TickBatch(double, 2);
    await Promise.all([1, 2, 3, 4, 5].map((request) => batch.add(request, new CallBudget(50))));
    expect(runs.map(({ requests }) => requests)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('keeps a call that has hardly any time left apart from the others', async () => {
    const batch = new TickBatch(double, 10);
    await Promise.all([50, 3, 49].map((ms, request) => batch.add(request, new CallBudget(ms))));
    expect(runs).toEqual([
      { requests: [0, 2], allowedMs: 49 },
      { requests: [1], allowedMs: 3 },
    ]);
  });

  it('fails for all that it was asked for', async () => {
    const batch = new TickBatch(double, 10);
    const answers = await Promise.allSettled(
      [1, 13].map((request) => batch.add(request, new CallBudget(50))),
    );
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
