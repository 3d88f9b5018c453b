import { PendingEvictions, type EvictionTarget } from './pending-evictions.js';

class Recorder implements EvictionTarget {
  readonly calls: string[] = [];
  down = false;
  evict: EvictionTarget['evict'] = (slots) => this.note(...slots.map(({ cache, key }) => `${cache}/${key}`));
  clear: EvictionTarget['clear'] = (cache) => this.note(`clear ${cache}`);
  evictTag: EvictionTarget['evictTag'] = (tag) => this.note(`tag ${tag}`);
  private async note(...calls: string[]): Promise<'applied'> {
    if (this.down) throw new Error('down');
    this.calls.push(...calls);
    return 'applied';
  }
}

describe('pending evictions', () => {
  it('are delivered once each, and forgotten', async () => {
    const pending = new PendingEvictions(10);
    const target = new Recorder();
    for (const key of ['a', 'b', 'a']) pending.addSlot({ cache: 'item', key });
    pending.addTag('t');
    pending.addClear('list');
    expect(pending.size).toBe(4);
    await pending.replay(target);
    expect(target.calls).toEqual(['clear list', 'tag t', 'item/a', 'item/b']);
    expect(pending.size).toBe(0);
  });

  it('stay when they cannot be delivered', async () => {
    const pending = new PendingEvictions(10);
    const target = new Recorder();
    pending.addSlot({ cache: 'item', key: 'a' });
    target.down = true;
    await expect(pending.replay(target)).rejects.toThrow('down');
    expect(pending.size).toBe(1);
    target.down = false;
    await pending.replay(target);
    expect(target.calls).toEqual(['item/a']);
  });

  it('become a clear of the cache when there are too many, which loses none', async () => {
    const pending = new PendingEvictions(3);
    const target = new Recorder();
    for (const key of ['a', 'b', 'c', 'd', 'e']) pending.addSlot({ cache: 'item', key });
    expect(pending.size).toBe(1);
    await pending.replay(target);
    expect(target.calls).toEqual(['clear item']);
  });

  it('become a clear of every cache when there are too many tags', async () => {
    const pending = new PendingEvictions(2);
    const target = new Recorder();
    for (const cache of ['one', 'two']) pending.watch(cache);
    for (const tag of ['a', 'b', 'c']) pending.addTag(tag);
    await pending.replay(target);
    expect(target.calls).toEqual(['clear one', 'clear two']);
  });
});
