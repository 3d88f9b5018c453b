import { engineSubject } from './engine-subject.js';
import { explore } from './explore.js';
import { FULL_SIZE } from './full-size.js';

const SCHEDULES = FULL_SIZE ? 50_000 : 500;

describe('whatever the order', () => {
  it(`in ${SCHEDULES} schedules without a fault, the cache keeps its promises`, async () => {
    const { failure, schedules } = await explore({
      subject: engineSubject,
      schedules: SCHEDULES,
      seed: 1,
      faults: [],
    });
    expect(failure).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
  }, 300_000);
});
