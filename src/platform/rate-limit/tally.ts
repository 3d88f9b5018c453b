/** Counts what each of many has at the moment, up to a limit; who has nothing is not remembered. */
export class Tally {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** One more for a key; answers how to give it back (which is done once), or undefined when it has enough. */
  take(key: string): (() => void) | undefined {
    const count = this.counts.get(key) ?? 0;
    if (count >= this.limit) return undefined;
    this.counts.set(key, count + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = (this.counts.get(key) ?? 1) - 1;
      if (left > 0) this.counts.set(key, left);
      else this.counts.delete(key);
    };
  }

  /** How many keys have something. */
  get size(): number {
    return this.counts.size;
  }
}
