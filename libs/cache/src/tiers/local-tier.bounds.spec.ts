import fc from 'fast-check';
import { CacheEngine } from '../cache-engine.js';
import { CacheDeclarationError } from '../cache.errors.js';
import { defineCache } from '../declare/cache-declaration.js';
import { Region } from '../region.js';
import { Choices } from '../testing/choices.js';
import { handleOf } from '../testing/cache.contract.js';
import { LocalTier } from './local-tier.js';

const regionOf = (name: string): Region =>
  new Region(defineCache<[], unknown>({ name, ttl: '1h', tags: () => [] }), 1_000);
const keep = (tier: LocalTier, region: Region, key: string, size: number, tags?: string[]): boolean =>
  tier.put(region, key, tier.fence(region, key), { value: size, expiresAt: 1_000, size, tags });
const bytesIn = (...regions: Region[]): number =>
  regions.flatMap(({ local }) => [...local.values()]).reduce((sum, { weight }) => sum + weight, 0);

describe('the bounds of the local tier', () => {
  it('hold in number and bytes over 100,000 entries of random sizes', () => {
    const choices = Choices.seeded(12);
    const tier = new LocalTier(500, 1_000_000);
    const region = regionOf('item');
    const seen = { entries: 0, bytes: 0 };
    for (let turn = 0; turn < 100_000; turn++) {
      // In turns small ones, of which the number is the bound, and large ones, of which it is the bytes.
      keep(tier, region, `key ${choices.below(2_000)}`, choices.below(turn % 20_000 < 10_000 ? 100 : 60_000));
      seen.entries = Math.max(seen.entries, region.local.size);
      seen.bytes = Math.max(seen.bytes, tier.bytes);
    }
    expect(seen.entries).toBe(500);
    expect(seen.bytes).toBeLessThanOrEqual(1_000_000);
    expect(seen.bytes).toBeGreaterThan(900_000);
    expect(tier.bytes).toBe(bytesIn(region));
  });

  it('hold after every sequence of calls, and the bytes are those of the entries that are there', () => {
    const key = fc.constantFrom(...'abcdefghijkl');
    const region = fc.constantFrom(0, 1);
    const call = fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('put'), key, region, size: fc.nat(1_500) }) },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('get'), key, region, now: fc.constantFrom(0, 1_000) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('evict'), key, region }) },
      fc.record({ kind: fc.constant('tag'), key, region }),
      fc.record({ kind: fc.constant('clear'), region }),
      fc.record({ kind: fc.constant('distrust'), region }),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const regions = [regionOf('one'), regionOf('two')] as const;
        const tier = new LocalTier(8, 20_000);
        for (const made of calls) {
          const at = regions[made.region];
          const name = 'key' in made ? made.key : '';
          if ('size' in made) keep(tier, at, name, made.size, [`of ${name}`]);
          else if ('now' in made) tier.get(at, name, made.now);
          else if (made.kind === 'evict') tier.evict(at, name);
          else if (made.kind === 'tag') tier.evictTag(`of ${name}`);
          else if (made.kind === 'clear') tier.clear(at);
          else tier.distrust();
          expect(tier.bytes).toBe(bytesIn(...regions));
          expect(tier.bytes).toBeLessThanOrEqual(20_000);
          expect(regions[0].local.size + regions[1].local.size).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keep out an entry that would take more than an eighth of the bytes, and with it the value it replaces', () => {
    const tier = new LocalTier(100, 80_000);
    const region = regionOf('item');
    keep(tier, region, 'a', 10);
    keep(tier, region, 'b', 10);
    // Nothing was evicted since it was asked for: the answer is about that.
    expect(keep(tier, region, 'a', 5_000)).toBe(true);
    expect([...region.local.keys()]).toEqual(['b']);
  });

  it('tell entries of two caches with the same key apart when one comes back', () => {
    const tier = new LocalTier(10);
    const [one, two] = [regionOf('one'), regionOf('two')];
    keep(tier, one, 'same', 0);
    for (let other = 0; other < 10; other++) keep(tier, one, `other ${other}`, 0);
    expect(one.local.has('same')).toBe(false);
    keep(tier, two, 'same', 0);
    keep(tier, one, 'same', 0);
    for (let other = 0; other < 10; other++) keep(tier, one, `another ${other}`, 0);
    expect([one.local.has('same'), two.local.has('same')]).toEqual([true, false]);
  });

  it('are options of the module, and what an entry weighs is known from its text', async () => {
    const texts = defineCache<[id: number], string>({ name: 'text', key: (id) => [id], ttl: '1h' });
    const engine = new CacheEngine({ l1: { maxEntries: 1_000, maxBytes: 1_000_000 } });
    await engine.start();
    const cache = handleOf(engine, texts);
    const load = async (): Promise<string> => 'x'.repeat(10_000);
    for (let id = 0; id < 200; id++) await cache.getOrLoad([id], load);
    expect(engine.stats().caches[0]!.keys).toBe(49);
    // From the tier behind, too, they come in by their size.
    for (let id = 0; id < 200; id++) await cache.getOrLoad([id], load);
    expect(engine.stats().caches[0]).toMatchObject({ keys: 49, loads: 200 });
    engine.stop();
  });

  it('are refused when they make no sense', () => {
    for (const maxBytes of [0, 64, 65_535, 70_000.5, Number.NaN, Infinity])
      expect(() => new CacheEngine({ l1: { maxBytes } })).toThrow(CacheDeclarationError);
    expect(() => new CacheEngine({ l1: { maxBytes: 65_536 } })).not.toThrow();
  });
});
