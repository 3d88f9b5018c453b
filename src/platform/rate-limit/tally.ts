/** Counts what each of many has at the moment, up to a limit; who has nothing is not remembered. */
export class Tally {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** One more for a key, to be given back once; false when it has enough. */
  take(key: string): boolean {
    const count = this.counts.get(key) ?? 0;
    if (count >= this.limit) return false;
    this.counts.set(key, count + 1);
    return true;
  }

  giveBack(key: string): void {
    const left = (this.counts.get(key) ?? 1) - 1;
    if (left > 0) this.counts.set(key, left);
    else this.counts.delete(key);
  }

  /** How many keys have something. */
  get size(): number {
    return this.counts.size;
  }
}
