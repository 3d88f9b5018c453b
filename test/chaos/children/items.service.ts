import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict, InvalidateTags } from '../../../libs/cache/src/index.js';
import { copiedItems, sharedItems, taggedItems } from './caches.js';
import type { Item } from './item.js';

/** Where items come from and are changed: the parent process. */
export abstract class Source {
  abstract load(cache: string, key: string): Promise<Item>;
  /** Answers the new version. */
  abstract commit(cache: string, key: string): Promise<number>;
}

/** Cached methods and evicting ones, as an application writes them. */
@Injectable()
export class ItemsService {
  constructor(private readonly source: Source) {}

  @Cacheable(sharedItems)
  findShared(key: string): Promise<Item> {
    return this.source.load('shared', key);
  }

  @Cacheable(copiedItems)
  findCopied(key: string): Promise<Item> {
    return this.source.load('copied', key);
  }

  @Cacheable(taggedItems)
  findTagged(key: string): Promise<Item> {
    return this.source.load('tagged', key);
  }

  @CacheEvict(sharedItems, (key) => [key])
  changeShared(key: string): Promise<number> {
    return this.source.commit('shared', key);
  }

  @CacheEvict(copiedItems, (key) => [key])
  changeCopied(key: string): Promise<number> {
    return this.source.commit('copied', key);
  }

  @InvalidateTags((key: string) => [`of ${key}`])
  changeTagged(key: string): Promise<number> {
    return this.source.commit('tagged', key);
  }
}
