import { MemoryKeyStore } from './memory-key-store.js';
import { PendingChanges } from './pending-changes.js';

describe('keys in a process', () => {
  const there = async (store: MemoryKeyStore, keys: readonly string[]): Promise<string[]> => {
    const texts = await Promise.all(keys.map((key) => store.get(key)));
    return keys.filter((_, at) => texts[at] !== undefined);
  };

  it('are bounded in number: those go that were not used for longest', async () => {
    const store = new MemoryKeyStore({ maxKeys: 3 });
    for (const key of ['a', 'b', 'c']) await store.set(key, 'text');
    await store.get('a');
    await store.set('d', 'text');
    expect(await there(store, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('are bounded in length, and what goes gives its room back', async () => {
    const store = new MemoryKeyStore({ maxLength: 30 });
    for (const key of ['a', 'b', 'c']) await store.set(key, 'x'.repeat(9));
    await store.delete(['b']);
    await store.set('d', 'x'.repeat(9));
    expect(await there(store, ['a', 'c', 'd'])).toEqual(['a', 'c', 'd']);
    await store.set('e', 'x'.repeat(19));
    expect(await there(store, ['a', 'c', 'd', 'e'])).toEqual(['d', 'e']);
  });

  it('end at their time by the clock, not before', async () => {
    let now = 0;
    const store = new MemoryKeyStore({ now: () => now });
    await store.set('a', 'text', 100);
    now = 99;
    expect(store.remaining('a')).toEqual({ text: 'text', ttlMs: 1 });
    now = 100;
    expect([await store.get('a'), store.remaining('a')]).toEqual([undefined, undefined]);
  });

  it('that were changed without Redis are refused, not forgotten, when they are too many', () => {
    const pending = new PendingChanges(new MemoryKeyStore());
    pending.noteKeys(Array.from({ length: 100_000 }, (_, at) => `k${at}`));
    expect(() => pending.noteKeys(['one more'])).toThrow(/100000 changed keys wait/);
    for (let at = 0; at < 1_000; at++) pending.notePattern(`p${at}*`);
    expect(() => pending.notePattern('one more*')).toThrow(/1000 changed patterns wait/);
  });
});
