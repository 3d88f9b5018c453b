import type { Cluster, Redis } from 'ioredis';
import { slotOf, SlotKeys } from './slot-keys.js';

describe('the slot of a key', () => {
  it('is what CLUSTER KEYSLOT says', () => {
    expect([slotOf('foo'), slotOf('bar'), slotOf('123456789'), slotOf('')]).toEqual([12182, 5061, 12739, 0]);
  });
});

describe('the keys for the primaries', () => {
  const cluster = {
    slots: Array.from({ length: 16_384 }, (_, slot) => [slot < 300 ? 'a:1' : 'b:2', 'replica:3']),
  } as unknown as Cluster;
  const node = (host: string, port: number): Redis => ({ options: { host, port } }) as Redis;

  it('lie in slots of their own primary, also of one with few', () => {
    const keys = new SlotKeys('probe');
    expect(slotOf(keys.of(cluster, node('a', 1)) ?? 'none')).toBeLessThan(300);
    expect(slotOf(keys.of(cluster, node('b', 2)) ?? 'none')).toBeGreaterThanOrEqual(300);
  });

  it('are none for a node that is no primary', () => {
    expect(new SlotKeys('probe').of(cluster, node('replica', 3))).toBeUndefined();
  });
});
