import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { CacheBackend } from '../backend.js';
import { CacheModule } from '../cache.module.js';
import { CacheEvict } from '../declare/cache-evict.decorator.js';
import { defineCache } from '../declare/cache-declaration.js';
import { Cacheable } from '../declare/cacheable.decorator.js';
import { checkCacheModule, type CheckedInstance, type CheckedSource } from './check-cache-module.js';
import type { Versioned } from './checker.js';
import { ExplorerFailure } from './explore.js';

const productById = defineCache<[id: string], Versioned>({ name: 'product', key: (id) => [id], ttl: '1h' });
const productCard = defineCache<[id: string], Versioned>({
  name: 'productCard',
  key: (id) => [id],
  ttl: '1h',
});

@Injectable()
class ProductRepository {
  find(_id: string): Promise<Versioned> {
    throw new Error('no database in tests');
  }
  rename(_id: string): Promise<Versioned> {
    throw new Error('no database in tests');
  }
}

@Injectable()
class Products {
  constructor(private readonly repository: ProductRepository) {}

  @Cacheable(productById)
  async findOne(id: string): Promise<Versioned> {
    return this.repository.find(id);
  }

  @Cacheable(productCard)
  async card(id: string): Promise<Versioned> {
    return this.repository.find(id);
  }

  @CacheEvict(productById, (id) => [id])
  async rename(id: string): Promise<Versioned> {
    return this.repository.rename(id);
  }
}

async function start(
  backend: CacheBackend,
  source: CheckedSource,
  read: 'findOne' | 'card',
): Promise<CheckedInstance> {
  const module = await Test.createTestingModule({
    imports: [CacheModule.forRoot({ backend })],
    providers: [Products, ProductRepository],
  })
    .overrideProvider(ProductRepository)
    .useValue({ find: (id: string) => source.load(id), rename: (id: string) => source.commit(id) })
    .compile();
  const products = (await module.init()).get(Products);
  return {
    read: (id) => products[read](id),
    writes: [{ name: 'rename', announced: true, run: (id) => products.rename(id) }],
    stop: () => module.close(),
  };
}

describe('checkCacheModule', () => {
  it('is content with a module that evicts what it writes', async () => {
    const { schedules } = await checkCacheModule({
      start: (backend, source) => start(backend, source, 'findOne'),
      schedules: 150,
      seed: 1,
    });
    expect(schedules).toBe(150);
  });

  it('shows how a reader gets an old value when a write forgets one of the caches', async () => {
    const checked = checkCacheModule({
      start: (backend, source) => start(backend, source, 'card'),
      schedules: 150,
      seed: 1,
    });
    const failure: unknown = await checked.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ExplorerFailure);
    const { breach, steps } = failure as ExplorerFailure;
    expect(breach.promised).toBe('evict is final');
    expect(steps.join('\n')).toMatch(/a calls rename\(k\)/);
    expect(steps.length).toBeLessThan(40);
  });
});
