// One instance of a service: reads and changes items all the time, and writes down what it saw.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { CacheModule, CacheService } from '../../../libs/cache/src/index.js';
import { allCaches, KEYS } from './caches.js';
import { faultOf, type Item } from './item.js';
import { ItemsService, Source } from './items.service.js';
import { Notebook } from './notebook.js';
import { silent } from './open-cache.js';
import { pick, seeded } from './random.js';
import { talkToParent } from './talk.js';

interface Settings {
  readonly id: number;
  readonly port: number;
  readonly seed: number;
  readonly readers: number;
}

const settings = JSON.parse(process.argv[2]!) as Settings;
const random = seeded(settings.seed * 1_000 + settings.id);
const between = (low: number, high: number): Promise<void> => sleep(low + random() * (high - low));
const redis = new Redis(settings.port, '127.0.0.1', {
  connectionName: `instance-${settings.id}`,
  retryStrategy: () => 100,
  lazyConnect: true,
});
const notebook = new Notebook(settings.id);

class ParentSource extends Source {
  override load(cache: string, key: string): Promise<Item> {
    return notebook.load(cache, key, () => talk.ask<Item>('load', { cache, key }));
  }
  override commit(cache: string, key: string): Promise<number> {
    return talk.ask('commit', { cache, key });
  }
}

@Module({
  imports: [
    CacheModule.forRoot({
      prefix: 'chaos',
      redis,
      logger: silent,
    }),
  ],
  providers: [{ provide: Source, useClass: ParentSource }, ItemsService],
})
class InstanceModule {}

const context = await NestFactory.createApplicationContext(InstanceModule, { logger: false });
const cache = context.get(CacheService);
const items = context.get(ItemsService);
const source = context.get(Source);
let reading = true;
let writing = true;

const finders = { shared: items.findShared, copied: items.findCopied, tagged: items.findTagged };
const changers = { shared: items.changeShared, copied: items.changeCopied, tagged: items.changeTagged };

const find = (name: keyof typeof finders, key: string): Promise<Item> => finders[name].call(items, key);

async function readOn(): Promise<void> {
  while (reading) {
    const declaration = pick(allCaches, random);
    const name = declaration.name as keyof typeof finders;
    const key = pick(KEYS, random);
    const handle = cache.for(declaration);
    const read =
      random() < 0.5 ? () => find(name, key) : () => handle.getOrLoad([key], () => source.load(name, key));
    await notebook.read(name, key, cache.stats(), read);
    await between(0, 10);
  }
}

/** What is committed when the answer comes, and what became of the evict. */
async function change(
  name: keyof typeof changers,
  key: string,
): Promise<{ version: number; outcome?: 'applied' | 'pending' }> {
  const handle = cache.for(allCaches.find((declaration) => declaration.name === name)!);
  const way = random();
  if (way < 0.4) return { version: await changers[name].call(items, key) };
  if (way < 0.7) return { version: await handle.evictAround([key], () => source.commit(name, key)) };
  const version = await source.commit(name, key);
  const byTag = name === 'tagged' && way < 0.9;
  return { version, outcome: byTag ? await handle.evictTag(`of ${key}`) : await handle.evict([key]) };
}

async function writeOn(): Promise<void> {
  while (writing) {
    const name = pick(allCaches, random).name as keyof typeof changers;
    const key = pick(KEYS, random);
    const { version, outcome } = await change(name, key);
    // A method's answer does not say what became of its evict; while nothing waits, it was applied.
    notebook.evicted(
      name,
      key,
      version,
      outcome ?? (cache.stats().pendingEvictions > 0 ? 'pending' : 'applied'),
    );
    await between(30, 170);
  }
}

let loops: Promise<unknown> = Promise.resolve();
let writer: Promise<unknown> = Promise.resolve();

const talk = talkToParent({
  start: () => {
    notebook.watchTimers();
    loops = Promise.all(Array.from({ length: settings.readers }, readOn));
    writer = writeOn();
  },
  stopWriting: () => {
    writing = false;
    return writer;
  },
  stopReading: () => {
    reading = false;
    return loops;
  },
  /** What this instance shows now, each item that is not whole left out. */
  readAll: async () => {
    const shown: { cache: string; key: string; version: number }[] = [];
    for (const { name } of allCaches) {
      for (const key of KEYS) {
        const item = await find(name as keyof typeof finders, key);
        if (faultOf(item, `${name} ${key}`) === undefined)
          shown.push({ cache: name, key, version: item.version });
      }
    }
    return shown;
  },
  history: () => notebook.history(),
  stats: () => cache.stats(),
});

process.on('unhandledRejection', (reason) => notebook.fault(`unhandled: ${String(reason)}`));
await talk.ask('ready');
