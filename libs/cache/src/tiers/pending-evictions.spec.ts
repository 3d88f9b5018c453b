import { PendingEvictions } from './pending-evictions.js';
import type { Eviction } from './tier.js';

class Recorder {
  readonly calls: string[] = [];
  down = false;
  readonly take = async (evictions: readonly Eviction[]): Promise<'applied'> => {
    if (this.down) throw new Error('down');
    for (const eviction of evictions) {
      if (eviction.kind === 'entry') this.calls.push(`${eviction.slot.cache}/${eviction.slot.key}`);
      else if (eviction.kind === 'clear') this.calls.push(`clear ${eviction.cache}`);
      else this.calls.push(`tag ${eviction.tag}`);
    }
    return 'applied';
  };
}

const entry = (key: string): Eviction => ({ kind: 'entry', slot: { cache: 'item', key } });
const tag = (name: string): Eviction => ({ kind: 'tag', tag: name });

describe('pending evictions', () => {
  it('are delivered once each, and forgotten', async () => {
    const pending = new PendingEvictions(10);
    const target = new Recorder();
    for (const key of ['a', 'b', 'a']) pending.add(entry(key));
    pending.add(tag('t'));
    pending.add({ kind: 'clear', cache: 'list' });
    expect(pending.size).toBe(4);
    await pending.replay(target.take);
    expect(target.calls).toEqual(['clear list', 'tag t', 'item/a', 'item/b']);
    expect(pending.size).toBe(0);
  });

  it('stay when they cannot be delivered', async () => {
    const pending = new PendingEvictions(10);
    const target = new Recorder();
    pending.add(entry('a'));
    target.down = true;
    await expect(pending.replay(target.take)).rejects.toThrow('down');
    expect(pending.size).toBe(1);
    target.down = false;
    await pending.replay(target.take);
    expect(target.calls).toEqual(['item/a']);
  });

  it.each([entry('a'), tag('t'), { kind: 'clear', cache: 'item' } as Eviction])(
    'are sent again when they are added again while they are on their way: %j',
    async (eviction) => {
      const pending = new PendingEvictions(10);
      let sent = 0;
      pending.add(eviction);
      await pending.replay(async () => {
        // A second write of the same entry, after the server has taken the first evict.
        if (++sent === 1) pending.add(eviction);
        return 'applied';
      });
      expect(sent).toBe(2);
      expect(pending.size).toBe(0);
    },
  );

  it('become a clear of the cache when there are too many, which loses none', async () => {
    const pending = new PendingEvictions(3);
    const target = new Recorder();
    for (const key of ['a', 'b', 'c', 'd', 'e']) pending.add(entry(key));
    await pending.replay(target.take);
    expect(target.calls).toEqual(['clear item', 'item/e']);
  });

  it('become a clear of every cache when there are too many tags', async () => {
    const pending = new PendingEvictions(2);
    const target = new Recorder();
    for (const cache of ['one', 'two']) pending.watch(cache);
    for (const name of ['a', 'b', 'c']) pending.add(tag(name));
    await pending.replay(target.take);
    expect(target.calls).toEqual(['clear one', 'clear two']);
  });
});
