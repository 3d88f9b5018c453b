/** Whether tests that search (schedules, faults, keys) go all the way, as `npm run test:full` does; minutes, not seconds. */
export const FULL_SIZE = process.env.RAPPORT_TEST_SIZE === 'full';
