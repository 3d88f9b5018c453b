import type { AnyCache } from '../declare/cache-declaration.js';
import { defineCache } from '../declare/cache-declaration.js';
import { Region } from '../region.js';
import { LocalTier } from './local-tier.js';

const region = (name = 'item', tags?: () => string[]): Region =>
  new Region(defineCache<[], unknown>({ name, ttl: '1h', tags }) as AnyCache, 1_000);
const keep = (tier: LocalTier, of: Region, key: string, expiresAt = 1_000, tags?: string[]): boolean =>
  tier.put(of, key, tier.fence(of, key), { value: key, expiresAt, tags });

describe('the local tier', () => {
  it('refuses a value that was asked for before its key, its cache or everything was dropped', () => {
    const items = region();
    const drops: ((tier: LocalTier) => void)[] = [
      (tier) => tier.evict('a'),
      (tier) => tier.clear(items),
      (tier) => tier.distrust(),
    ];
    for (const drop of drops) {
      const tier = new LocalTier(10);
      const fence = tier.fence(items, 'a');
      drop(tier);
      expect(tier.put(items, 'a', fence, { value: 'old', expiresAt: 1_000 })).toBe(false);
      expect(tier.get(items, 'a', 0)).toBeUndefined();
      expect(keep(tier, items, 'a')).toBe(true);
    }
  });

  it('refuses a tagged value that was asked for before any tag was evicted, and drops those that have the tag', () => {
    const tier = new LocalTier(10);
    const tagged = region('tagged', () => ['x']);
    keep(tier, tagged, 'has', 1_000, ['x']);
    keep(tier, tagged, 'has not', 1_000, ['y']);
    const fence = tier.fence(tagged, 'late');
    tier.evictTag('x');
    expect(tier.get(tagged, 'has', 0)).toBeUndefined();
    expect(tier.get(tagged, 'has not', 0)?.value).toBe('has not');
    expect(tier.put(tagged, 'late', fence, { value: 1, expiresAt: 1_000, tags: ['x'] })).toBe(false);
  });

  it('ends an entry when its time is up, also after more than 24.8 days', () => {
    const tier = new LocalTier(10);
    const items = region();
    const days = 40 * 86_400_000;
    keep(tier, items, 'a', days);
    expect(tier.get(items, 'a', days - 1)?.value).toBe('a');
    expect(tier.get(items, 'a', days)).toBeUndefined();
  });

  it('keeps no more entries than it may, and rather those that were used', () => {
    const tier = new LocalTier(3);
    const items = region();
    for (const key of ['a', 'b', 'c']) keep(tier, items, key);
    tier.get(items, 'a', 0);
    keep(tier, items, 'd');
    expect(tier.get(items, 'b', 0)).toBeUndefined();
    expect(['a', 'c', 'd'].map((key) => tier.get(items, key, 0)?.value)).toEqual(['a', 'c', 'd']);
    for (let more = 0; more < 100; more++) keep(tier, items, `more ${more}`);
    expect(items.localEntries).toBe(3);
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
    expect(items.localEntries).toBe(2);
    tier.clear(items);
    expect(items.localEntries).toBe(0);
    expect(tier.get(items, 'a', 0)).toBeUndefined();
    keep(tier, items, 'c');
    tier.evict('c');
    tier.evict('b');
    expect(items.localEntries).toBe(0);
  });
});
