import 'reflect-metadata';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Scope,
  SetMetadata,
  type INestApplicationContext,
} from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import { CacheModule } from '../cache.module.js';
import { CacheService } from '../cache.service.js';
import { CacheableMany } from './cacheable-many.decorator.js';
import { Cacheable } from './cacheable.decorator.js';
import { CacheConfig } from './cache-config.decorator.js';
import { defineCache } from './cache-declaration.js';
import { CacheEvict } from './cache-evict.decorator.js';
import { CachePut } from './cache-put.decorator.js';
import { Caching } from './caching.decorator.js';
import { InvalidateTags } from './invalidate-tags.decorator.js';

interface Item {
  readonly id: string;
  readonly load: number;
}

const itemById = defineCache<[id: string], Item>({
  name: 'item',
  key: (id) => [id],
  ttl: '1h',
  tags: (id) => [`item:${id}`],
});
const allItems = defineCache<[], number>({ name: 'items:all', ttl: '1h' });

@Injectable()
class Items {
  loads = 0;

  @SetMetadata('role', 'reader')
  @Cacheable(itemById)
  @SetMetadata('documented', true)
  async find(id: string): Promise<Item> {
    return { id, load: ++this.loads };
  }

  @Cacheable(itemById, (_actor: object, id: string) => [id])
  async findFor(_actor: object, id: string): Promise<Item> {
    return { id, load: ++this.loads };
  }

  @Cacheable(allItems)
  async count(): Promise<number> {
    return ++this.loads;
  }

  async viaSelf(id: string): Promise<Item> {
    return this.find(id);
  }

  @CacheEvict(itemById, (id) => [id])
  @CacheEvict(allItems, { all: true })
  async update(id: string, fails = false): Promise<string> {
    if (fails) throw new Error('not updated');
    return id;
  }

  @CacheEvict(itemById, { key: (id: string) => [id], beforeInvocation: true })
  async drop(id: string): Promise<void> {
    throw new Error(`cannot drop ${id}`);
  }

  @CacheEvict(itemById, { keys: (ids: string[]) => ids.map((id): [string] => [id]) })
  async updateMany(ids: string[]): Promise<number> {
    return ids.length;
  }

  @CacheEvict(itemById, {
    key: () => {
      throw new Error('no key');
    },
  })
  @CacheEvict(allItems, { all: true })
  async brokenKey(): Promise<void> {}

  @CachePut(itemById, (id) => [id])
  async replace(id: string): Promise<Item> {
    return { id, load: 1_000 };
  }

  @CachePut(itemById, { keyOfResult: (item: Item) => [item.id] })
  async create(): Promise<Item> {
    return { id: 'made', load: 2_000 };
  }

  @Caching({
    put: [CachePut(itemById, (id) => [id])],
    evict: [CacheEvict(allItems, { all: true })],
  })
  async replaceAndRecount(id: string): Promise<Item> {
    return { id, load: 3_000 };
  }

  @InvalidateTags((id: string) => [`item:${id}`])
  async retag(id: string): Promise<string> {
    return id;
  }

  @Cacheable(itemById, { condition: (id) => id !== 'never', unless: (item) => item.id === 'unstored' })
  async sometimes(id: string): Promise<Item> {
    return { id, load: ++this.loads };
  }

  @CacheableMany(itemById, { id: (item) => item.id })
  async findMany(ids: string[]): Promise<Item[]> {
    this.loads++;
    return ids.filter((id) => id !== 'missing').map((id) => ({ id, load: this.loads }));
  }
}

@Injectable()
class SpecialItems extends Items {
  override async find(id: string): Promise<Item> {
    const item = await super.find(id);
    return { ...item, id: `special ${item.id}` };
  }
}

@Injectable()
class OverridingItems extends Items {
  @Cacheable(itemById)
  override async find(id: string): Promise<Item> {
    return super.find(id);
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientItems extends Items {}

const dependency = Symbol('dependency');

@Injectable({ scope: Scope.REQUEST })
class RequestItems extends Items {
  @Inject(dependency) readonly dependency!: string;
}

@Controller('items')
class ItemsController {
  loads = 0;

  @Get()
  @Cacheable({ name: 'controller', key: (id: string) => [id], ttl: '1m' })
  async get(id: string): Promise<string> {
    return `${id} ${++this.loads}`;
  }
}

@CacheConfig({ namePrefix: 'catalog', ttl: '10m' })
@Injectable()
class Catalog {
  loads = 0;

  @Cacheable({ name: 'menu' })
  async menu(_day: string): Promise<number> {
    return ++this.loads;
  }
}

@Module({
  imports: [CacheModule.forRoot({ transaction: { isActive: () => false, afterCommit: () => undefined } })],
  controllers: [ItemsController],
  providers: [
    Items,
    SpecialItems,
    OverridingItems,
    TransientItems,
    RequestItems,
    Catalog,
    { provide: dependency, useValue: 'given' },
    { provide: 'made', useFactory: () => new Items() },
  ],
})
class ItemsModule {
  constructor(readonly moduleRef: ModuleRef) {}
}

const start = (module: unknown): Promise<INestApplicationContext> =>
  NestFactory.createApplicationContext(module as never, { logger: false, abortOnError: false });

describe('cache decorators', () => {
  let app: INestApplicationContext;
  let items: Items;

  beforeEach(async () => {
    app = await start(ItemsModule);
    items = app.get(Items);
  });

  afterEach(() => app.close());

  it('answer the second call from the cache, also for calls through this', async () => {
    const first = await items.find('a');
    expect(await items.find('a')).toBe(first);
    expect(await items.viaSelf('a')).toBe(first);
    expect(await items.findFor({}, 'a')).toBe(first);
    expect(await items.count()).toBe(2);
    expect(await items.count()).toBe(2);
  });

  it('return frozen values from a miss and from a hit', async () => {
    for (const item of [await items.find('a'), await items.find('a')]) {
      expect(Object.isFrozen(item)).toBe(true);
    }
  });

  it('keep what other decorators wrote, and the name and length of the method', () => {
    expect(Reflect.getMetadata('role', Items.prototype.find)).toBe('reader');
    expect(Reflect.getMetadata('documented', Items.prototype.find)).toBe(true);
    expect(Items.prototype.find.name).toBe('find');
    expect(Items.prototype.find.length).toBe(1);
    expect(Reflect.getMetadata('design:paramtypes', Items.prototype, 'find')).toEqual([String]);
  });

  it('just run the method outside of Nest', async () => {
    const alone = new Items();
    expect(await alone.find('a')).toEqual({ id: 'a', load: 1 });
    expect(await alone.find('a')).toEqual({ id: 'a', load: 2 });
    expect(await alone.update('a')).toBe('a');
    expect(Object.keys(alone)).toEqual(['loads']);
  });

  it('leave no trace on the instance that a copy or a comparison would see', () => {
    expect(Object.keys(items)).toEqual(['loads']);
    expect(items).toEqual({ loads: 0 });
  });

  it('never share anything between two applications of one process', async () => {
    const other = await start(ItemsModule);
    await items.find('a');
    expect(await other.get(Items).find('a')).toEqual({ id: 'a', load: 1 });
    expect(other.get(Items).loads).toBe(1);
    await other.get(Items).update('a');
    expect(await items.find('a')).toEqual({ id: 'a', load: 1 });
    await other.close();
    expect(await items.find('a')).toEqual({ id: 'a', load: 1 });
  });

  it('work on inherited, overridden and super methods', async () => {
    const special = app.get(SpecialItems);
    expect(await special.find('a')).toEqual({ id: 'special a', load: 1 });
    expect(await special.find('a')).toEqual({ id: 'special a', load: 1 });
    expect(await special.viaSelf('a')).toEqual({ id: 'special a', load: 1 });
  });

  it('do not deadlock when a cached method overrides a method of the same cache', async () => {
    expect(await app.get(OverridingItems).find('b')).toEqual({ id: 'b', load: 1 });
    expect(await app.get(OverridingItems).find('b')).toEqual({ id: 'b', load: 1 });
  });

  it('work on transient and request-scoped providers, next to their own injected properties', async () => {
    const moduleRef = app.get(ItemsModule).moduleRef;
    const transients = [await moduleRef.resolve(TransientItems), await moduleRef.resolve(TransientItems)];
    expect(await transients[0]!.find('t')).toEqual({ id: 't', load: 1 });
    expect(await transients[1]!.find('t')).toEqual({ id: 't', load: 1 });
    expect(transients[1]!.loads).toBe(0);
    const ofRequest = [await moduleRef.resolve(RequestItems), await moduleRef.resolve(RequestItems)];
    expect(await ofRequest[0]!.find('r')).toEqual({ id: 'r', load: 1 });
    expect(await ofRequest[1]!.find('r')).toEqual({ id: 'r', load: 1 });
    expect(ofRequest[1]!.loads).toBe(0);
    expect(ofRequest[1]!.dependency).toBe('given');
  });

  it('work on instances that a factory made', async () => {
    const made = app.get<Items>('made');
    await made.find('f');
    await made.find('f');
    expect(made.loads).toBe(1);
  });

  it('work on controllers', async () => {
    const controller = app.get(ItemsController);
    expect(await controller.get('a')).toBe('a 1');
    expect(await controller.get('a')).toBe('a 1');
    expect(Reflect.getMetadata('path', ItemsController.prototype.get)).toBe('/');
  });

  it('give inline declarations the defaults of their class', async () => {
    const catalog = app.get(Catalog);
    await catalog.menu('monday');
    await catalog.menu('monday');
    expect(catalog.loads).toBe(1);
    const names = app
      .get(CacheService)
      .stats()
      .caches.map(({ name }) => name);
    expect(names).toContain('catalog:menu');
  });

  it('evict when the method has succeeded, and when it has failed, because it may have written', async () => {
    await items.find('a');
    await items.count();
    await expect(items.update('a', true)).rejects.toThrow('not updated');
    expect((await items.find('a')).load).toBe(3);
    await items.update('a');
    expect((await items.find('a')).load).toBe(4);
    expect(await items.count()).toBe(5);
  });

  it('evict before the method where that is asked for', async () => {
    await items.find('a');
    await expect(items.drop('a')).rejects.toThrow('cannot drop');
    expect((await items.find('a')).load).toBe(2);
  });

  it('evict several entries', async () => {
    for (const id of ['a', 'b', 'c']) await items.find(id);
    await items.updateMany(['a', 'b']);
    const loads = [await items.find('a'), await items.find('b'), await items.find('c')].map(
      ({ load }) => load,
    );
    expect(loads).toEqual([4, 5, 3]);
  });

  it('run every stacked evict when one of them throws, and then say so', async () => {
    await items.count();
    await expect(items.brokenKey()).rejects.toThrow('no key');
    expect(await items.count()).toBe(2);
  });

  it('put what the method returns', async () => {
    await items.find('a');
    await items.replace('a');
    expect((await items.find('a')).load).toBe(1_000);
    await items.create();
    expect((await items.find('made')).load).toBe(2_000);
  });

  it('do several things at once through Caching', async () => {
    await items.count();
    await items.replaceAndRecount('a');
    expect((await items.find('a')).load).toBe(3_000);
    expect(await items.count()).toBe(2);
  });

  it('drop entries by tag', async () => {
    await items.find('a');
    await items.find('b');
    await items.retag('a');
    expect((await items.find('a')).load).toBe(3);
    expect((await items.find('b')).load).toBe(2);
  });

  it('neither read nor fill when the condition says no, and do not store what unless rules out', async () => {
    await items.sometimes('never');
    await items.sometimes('never');
    expect(items.loads).toBe(2);
    await items.sometimes('unstored');
    await items.sometimes('unstored');
    expect(items.loads).toBe(4);
    await items.sometimes('stored');
    await items.sometimes('stored');
    expect(items.loads).toBe(5);
  });

  it('load only the missing of many, in one call, and leave out those that do not exist', async () => {
    await items.find('b');
    const found = await items.findMany(['a', 'missing', 'b', 'c']);
    expect(found).toEqual([
      { id: 'a', load: 2 },
      { id: 'b', load: 1 },
      { id: 'c', load: 2 },
    ]);
    await items.findMany(['a', 'b', 'c']);
    expect(items.loads).toBe(2);
  });
});

describe('a wrong declaration', () => {
  const boot = async (provider: new () => object): Promise<void> => {
    class WrongModule {}
    Module({ imports: [CacheModule.forRoot()], providers: [provider] })(WrongModule);
    const app = await start(WrongModule);
    await app.close();
  };

  it('of two caches with one name stops the boot and names the cache', async () => {
    class Twice {
      @Cacheable({ name: 'twice', ttl: '1m' })
      async one(_id: string): Promise<number> {
        return 1;
      }
      @Cacheable({ name: 'twice', ttl: '2m' })
      async two(_id: string): Promise<number> {
        return 2;
      }
    }
    await expect(boot(Twice)).rejects.toThrow(
      /cache "twice" is declared twice with different options; declare it once/,
    );
  });

  it('of an argument that cannot be a key stops the boot and names the argument', async () => {
    class Connection {}
    class Keyless {
      @Cacheable({ name: 'keyless' })
      async of(_id: string, _connection: Connection): Promise<number> {
        return 1;
      }
    }
    await expect(boot(Keyless)).rejects.toThrow(/cache "keyless": argument 1 of Keyless\.of is a Connection/);
  });

  it('of a method that is not async is refused with the fix', async () => {
    class Sync {
      @Cacheable({ name: 'sync' })
      of(id: string): Promise<string> {
        return id as unknown as Promise<string>;
      }
    }
    class SyncModule {}
    Module({ imports: [CacheModule.forRoot()], providers: [Sync] })(SyncModule);
    const app = await start(SyncModule);
    await expect(app.get(Sync).of('a')).rejects.toThrow(
      /Sync\.of returned a value at once.*declare the method async/,
    );
    await app.close();
  });

  it('of two answers for one method, or of a static method, is refused as the class loads', () => {
    expect(() => {
      class TwoAnswers {
        @Cacheable(allItems)
        @Cacheable(allItems)
        async count(): Promise<number> {
          return 1;
        }
      }
      return TwoAnswers;
    }).toThrow(/TwoAnswers\.count has two @Cacheable/);
    expect(() => {
      class Static {
        @Cacheable(allItems)
        static async count(): Promise<number> {
          return 1;
        }
      }
      return Static;
    }).toThrow(/Static\.count cannot be cached; cache decorators go on instance methods/);
  });
});
