import { defineCache } from '../declare/cache-declaration.js';
import { Region } from '../region.js';
import { LocalTier } from './local-tier.js';

const region = (name = 'item', tags?: () => string[]): Region =>
  new Region(defineCache<[], unknown>({ name, ttl: '1h', tags }), 1_000);
const keep = (tier: LocalTier, of: Region, key: string, expiresAt = 1_000, tags?: string[]): boolean =>
  tier.put(of, key, tier.fence(of, key), { value: key, expiresAt, tags });

describe('the local tier', () => {
  it('refuses a value that was asked for before its key, its cache or everything was dropped', () => {
    const drops: ((tier: LocalTier, items: Region) => void)[] = [
      (tier, items) => tier.evict(items, 'a'),
      (tier, items) => tier.clear(items),
      (tier) => tier.distrust(),
    ];
    for (const drop of drops) {
      const tier = new LocalTier(10);
      const items = region();
      keep(tier, items, 'a');
      const fence = tier.fence(items, 'a');
      drop(tier, items);
      expect(tier.put(items, 'a', fence, { value: 'old', expiresAt: 1_000 })).toBe(false);
      expect(tier.get(items, 'a', 0)).toBeUndefined();
      expect(keep(tier, items, 'a')).toBe(true);
    }
  });

  it('refuses a tagged value that was asked for before any tag was evicted, and drops those that have the tag', async () => {
    const tier = new LocalTier(10);
    const tagged = region('tagged', () => ['x']);
    keep(tier, tagged, 'has', 1_000, ['x']);
    keep(tier, tagged, 'has not', 1_000, ['y']);
    const fence = tier.fence(tagged, 'late');
    tier.evictTag('x');
    expect(tier.get(tagged, 'has', 0)).toBeUndefined();
    await expect(tier.get(tagged, 'has not', 0)?.answer).resolves.toBe('has not');
    expect(tier.put(tagged, 'late', fence, { value: 1, expiresAt: 1_000, tags: ['x'] })).toBe(false);
  });

  it('ends an entry when its time is up, also after more than 24.8 days', async () => {
    const tier = new LocalTier(10);
    const items = region();
    const days = 40 * 86_400_000;
    keep(tier, items, 'a', days);
    await expect(tier.get(items, 'a', days - 1)?.answer).resolves.toBe('a');
    expect(tier.get(items, 'a', days)).toBeUndefined();
  });

  it('keeps no more entries than it may, and rather those that were used', async () => {
    const tier = new LocalTier(3);
    const items = region();
    for (const key of ['a', 'b', 'c']) keep(tier, items, key);
    tier.get(items, 'a', 0);
    keep(tier, items, 'd');
    expect(tier.get(items, 'b', 0)).toBeUndefined();
    for (const key of ['a', 'c', 'd']) expect(await tier.get(items, key, 0)?.answer).toBe(key);
    for (let more = 0; more < 100; more++) keep(tier, items, `more ${more}`);
    expect(items.local.size).toBe(3);
  });

  it('never gives a cache the entry of another with the same key', () => {
    const tier = new LocalTier(10);
    keep(tier, region('one'), 'same');
    expect(tier.get(region('two'), 'same', 0)).toBeUndefined();
  });

  it('counts the entries of a cache through clears and replacements', () => {
    const tier = new LocalTier(10);
    const items = region();
    keep(tier, items, 'a');
    keep(tier, items, 'a');
    keep(tier, items, 'b');
    expect(items.local.size).toBe(2);
    tier.clear(items);
    expect(items.local.size).toBe(0);
    expect(tier.get(items, 'a', 0)).toBeUndefined();
    keep(tier, items, 'c');
    tier.evict(items, 'c');
    tier.evict(items, 'b');
    expect(items.local.size).toBe(0);
  });
});
