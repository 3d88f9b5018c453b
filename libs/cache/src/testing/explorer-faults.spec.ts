import { engineSubject } from './engine-subject.js';
import { explore } from './explore.js';

describe('whatever goes wrong', () => {
  it('in 50,000 schedules with outages, pauses and crashes, the cache keeps its promises', async () => {
    const { failure, schedules } = await explore({
      subject: engineSubject,
      schedules: 50_000,
      seed: 1_000_000,
    });
    expect(failure).toBeUndefined();
    expect(schedules).toBe(50_000);
  }, 300_000);
});
