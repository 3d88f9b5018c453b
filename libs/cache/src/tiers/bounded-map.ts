import { Queue } from './queue.js';

/** A map that forgets its oldest entries. */
export class BoundedMap<V> {
  private readonly entries = new Map<string, V>();
  private readonly order = new Queue<string>();

  constructor(private readonly limit: number) {}

  get(key: string): V | undefined {
    return this.entries.get(key);
  }

  /** Makes it the youngest, and forgets the oldest when there are too many. */
  set(key: string, value: V): void {
    this.order.delete(key);
    this.order.add(key);
    this.entries.set(key, value);
    if (this.entries.size > this.limit) this.entries.delete(this.order.take()!);
  }

  delete(key: string): void {
    if (this.entries.delete(key)) this.order.delete(key);
  }

  keys(): string[] {
    return [...this.entries.keys()];
  }

  clear(): void {
    this.entries.clear();
    this.order.clear();
  }
}
