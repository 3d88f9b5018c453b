import { setTimeout as sleep } from 'node:timers/promises';
import { itemOf, type Item } from '../children/item.js';

/** The truth that the caches of all processes are about, and how long it takes to ask. */
export class Source {
  private readonly versions = new Map<string, number>();
  loads = 0;
  commits = 0;

  constructor(
    private readonly random: () => number,
    /** Shortest and longest time of a load, in ms. */
    private readonly loadMs: readonly [number, number],
  ) {}

  /** What the item is now. */
  versionOf(name: string): number {
    return this.versions.get(name) ?? 0;
  }

  /** Takes its time on both sides of the moment whose truth it gives. */
  async load(name: string): Promise<Item> {
    this.loads++;
    const [least, most] = this.loadMs;
    const takes = least + this.random() * (most - least);
    const before = takes * this.random();
    await sleep(before);
    const version = this.versionOf(name);
    await sleep(takes - before);
    return itemOf(name, version);
  }

  /** Changes the item somewhere within a few milliseconds; answers its new version. */
  async commit(name: string): Promise<number> {
    this.commits++;
    await sleep(this.random() * 3);
    const version = this.versionOf(name) + 1;
    this.versions.set(name, version);
    await sleep(this.random() * 3);
    return version;
  }
}
