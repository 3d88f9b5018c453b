import { engineSubject } from './engine-subject.js';
import { explore } from './explore.js';
import { FULL_SIZE } from './full-size.js';

const SCHEDULES = FULL_SIZE ? 50_000 : 500;

describe('whatever goes wrong', () => {
  it(`in ${SCHEDULES} schedules with outages, pauses and crashes, the cache keeps its promises`, async () => {
    const { failure, schedules } = await explore({
      subject: engineSubject,
      schedules: SCHEDULES,
      seed: 1_000_000,
    });
    expect(failure).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
  }, 300_000);
});
