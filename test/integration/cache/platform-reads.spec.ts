import { CacheService } from '@rapport/cache';
import { readQueries, replay, type Tally } from '../../../bench/platform-reads/replay.js';
import { platformTrace, type Area } from '../../../bench/platform-reads/trace.js';
import { makeWorld } from '../../../bench/platform-reads/world.js';
import { startApp, type RunningApp } from '../../support/running-app.js';

const SIZE = { people: 5, characters: 4, requests: 400 };

describe('the database under what clients of the platform ask', () => {
  let service: RunningApp;
  let cached: Tally[];
  let uncached: Tally[];

  beforeAll(async () => {
    service = await startApp({ USAGE_FREE_TEXT_PER_DAY: '100000', USERNAME_LOOKUPS_PER_MINUTE: '1000000' });
    const world = await makeWorld(service.url, SIZE);
    const trace = platformTrace(SIZE);
    const cache = service.app.get(CacheService, { strict: false });
    const families = [...new Set(cache.stats().caches.map(({ name }) => name.split(':')[0] ?? ''))];
    const forget = () => Promise.all(families.map((family) => cache.evictPrefix(family)));
    await forget();
    cached = await replay(trace, world);
    uncached = await replay(trace, world, { before: forget });
  }, 240_000);
  afterAll(() => service.close());

  it.each<[Area, number]>([
    ['users', 0.8],
    ['characters', 0.7],
    ['conversations', 0.6],
  ])('is spared of its reads of %s, counted: at least %d of them', (area, bar) => {
    const [left, all] = [readQueries(cached, area), readQueries(uncached, area)];
    expect(all).toBeGreaterThan(90);
    expect(1 - left / all).toBeGreaterThanOrEqual(bar);
  });

  it('is asked about every kind of thing, with writes to each area between', () => {
    const kinds = cached.map(({ area, kind }) => `${area} ${kind}`);
    expect(kinds.length).toBeGreaterThanOrEqual(18);
    const written = new Set(cached.filter(({ writes }) => writes).map(({ area }) => area));
    expect(written).toEqual(new Set(['users', 'characters', 'conversations']));
  });
});

it('a trace is the same whenever it is made, and longer ones begin with it', () => {
  const trace = platformTrace(SIZE);
  expect(platformTrace(SIZE)).toEqual(trace);
  expect(platformTrace({ ...SIZE, requests: 900 }).slice(0, SIZE.requests)).toEqual(trace);
});
