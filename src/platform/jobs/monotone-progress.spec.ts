import { advance } from './monotone-progress.js';

describe('the progress of a job', () => {
  it('never goes back, whatever a repeated run says', () => {
    const before = { percent: 40, phase: 'reading', done: 4, total: 10 };
    expect(advance(before, { done: 2, total: 10 })).toEqual(before);
    expect(advance(before, { percent: 10 })).toEqual(before);
    expect(advance(before, {})).toEqual(before);
  });

  it('is what is done of the total, unless it is told', () => {
    expect(advance({ percent: 0 }, { done: 1, total: 3 })).toEqual({ percent: 33.3, done: 1, total: 3 });
    expect(advance({ percent: 0 }, { done: 1, total: 3, percent: 80 }).percent).toBe(80);
    expect(advance({ percent: 7 }, { done: 5 })).toEqual({ percent: 7, done: 5 });
  });

  it('is never more than 100', () => {
    expect(advance({ percent: 0 }, { done: 12, total: 10 }).percent).toBe(100);
  });

  it('counts each phase by itself', () => {
    const before = { percent: 60, phase: 'reading', done: 10, total: 10 };
    expect(advance(before, { phase: 'writing', done: 1, total: 20 })).toEqual({
      percent: 60,
      phase: 'writing',
      done: 1,
      total: 20,
    });
  });
});
