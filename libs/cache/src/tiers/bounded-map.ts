/**
 * A map that forgets its oldest entries. The position of the oldest is kept between calls: looking for it from the
 * start would step over everything that was deleted there, at a cost that grows with the limit.
 */
export class BoundedMap<V> {
  private readonly entries = new Map<string, V>();
  private oldest = this.entries.keys();

  constructor(private readonly limit: number) {}

  get(key: string): V | undefined {
    return this.entries.get(key);
  }

  /** Makes it the youngest, and forgets the oldest when there are too many. */
  set(key: string, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    while (this.entries.size > this.limit) this.forgetOldest();
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  keys(): string[] {
    return [...this.entries.keys()];
  }

  clear(): void {
    this.entries.clear();
  }

  private forgetOldest(): void {
    const next = this.oldest.next();
    if (next.done) this.oldest = this.entries.keys();
    else this.entries.delete(next.value);
  }
}
