import { CacheableMany } from './cacheable-many.decorator.js';
import { Cacheable } from './cacheable.decorator.js';
import { defineCache } from './cache-declaration.js';
import { CacheEvict } from './cache-evict.decorator.js';
import { CachePut } from './cache-put.decorator.js';

interface Item {
  readonly id: string;
}
interface Actor {
  readonly role: string;
}

const itemById = defineCache<[id: string], Item>({ name: 'typed-item', key: (id) => [id] });
const pair = defineCache<[a: string, b: number], Item>({ name: 'typed-pair' });

/** Checked by the compiler: each `@ts-expect-error` fails the type check if the line below becomes legal. */
export class Typed {
  @Cacheable(itemById)
  async right(id: string): Promise<Item> {
    return { id };
  }

  // @ts-expect-error a number is not the cache's argument
  @Cacheable(itemById)
  async wrongArgument(id: number): Promise<Item> {
    return { id: String(id) };
  }

  // @ts-expect-error the second argument would be missing in the key
  @Cacheable(itemById)
  async leftOut(id: string, _locale: string): Promise<Item> {
    return { id };
  }

  // @ts-expect-error a string is not a value of the cache
  @Cacheable(itemById)
  async wrongValue(id: string): Promise<string> {
    return id;
  }

  @Cacheable(itemById, (_actor: Actor, id: string) => [id])
  async mapped(_actor: Actor, id: string): Promise<Item> {
    return { id };
  }

  // @ts-expect-error the key function takes an actor, the method has none
  @Cacheable(itemById, (_actor: Actor, id: string) => [id])
  async wronglyMapped(id: string): Promise<Item> {
    return { id };
  }

  @CacheEvict(itemById, (id) => [id])
  async evict(id: string, _change: Item): Promise<void> {
    this.last = id;
  }

  @CacheEvict(itemById, (_actor: Actor, id: string) => [id])
  async evictFor(_actor: Actor, id: string): Promise<void> {
    this.last = id;
  }

  // @ts-expect-error the cache's key is [string], not [string, number]
  @CacheEvict(itemById, (id: string) => [id, 1])
  async longTuple(id: string): Promise<void> {
    this.last = id;
  }

  // @ts-expect-error the cache's key is [string, number]
  @CacheEvict(pair, (a: string) => [a])
  async shortTuple(a: string): Promise<void> {
    this.last = a;
  }

  // @ts-expect-error the method's first argument is a number
  @CacheEvict(itemById, (id) => [id])
  async wrongEvict(id: number): Promise<void> {
    this.last = String(id);
  }

  // @ts-expect-error the method does not return a promise
  @CacheEvict(itemById, (id) => [id])
  sync(id: string): void {
    this.last = id;
  }

  @CacheEvict(pair, { all: true })
  async clear(): Promise<void> {}

  // @ts-expect-error what is put is not a value of the cache
  @CachePut(itemById, (id) => [id])
  async wrongPut(id: string): Promise<number> {
    return id.length;
  }

  @CacheableMany(itemById, { id: (item) => item.id })
  async many(ids: string[]): Promise<Item[]> {
    return ids.map((id) => ({ id }));
  }

  // @ts-expect-error ids of the cache are strings
  @CacheableMany(itemById, { id: (item) => item.id })
  async wrongMany(ids: number[]): Promise<Item[]> {
    return ids.map((id) => ({ id: String(id) }));
  }

  last = '';
}

describe('the types of the decorators', () => {
  it('accept what the class above declares, so that it could be loaded', async () => {
    expect(await new Typed().right('a')).toEqual({ id: 'a' });
  });
});
