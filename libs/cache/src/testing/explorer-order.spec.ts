import { engineSubject } from './engine-subject.js';
import { explore } from './explore.js';

describe('whatever the order', () => {
  it('in 50,000 schedules without a fault, the cache keeps its promises', async () => {
    const { failure, schedules } = await explore({
      subject: engineSubject,
      schedules: 50_000,
      seed: 1,
      faults: [],
    });
    expect(failure).toBeUndefined();
    expect(schedules).toBe(50_000);
  }, 300_000);
});
