/** Marks an id that the loader had no item for; never stored. */
export const ABSENT: unique symbol = Symbol('absent');

/**
 * One call of a loader for all keys that turn out to need it. Every key either asks for its value or reports that it
 * does not need one; when the last has done so, the loader is called once.
 */
export class LoadBatch {
  private readonly wanted = new Set<number>();
  private readonly undecided: Set<number>;
  private readonly loaded: Promise<ReadonlyMap<number, unknown>>;
  private start!: () => void;

  /** @param load - from positions to the values it has for them */
  constructor(
    positions: Iterable<number>,
    load: (positions: number[]) => Promise<ReadonlyMap<number, unknown>>,
  ) {
    this.undecided = new Set(positions);
    this.loaded = new Promise<void>((resolve) => (this.start = resolve)).then(() =>
      load([...this.wanted].sort((a, b) => a - b)),
    );
  }

  async value(position: number): Promise<unknown> {
    this.wanted.add(position);
    this.decided(position);
    const values = await this.loaded;
    return values.has(position) ? values.get(position) : ABSENT;
  }

  /** The key was answered otherwise, or failed before its load. */
  decided(position: number): void {
    if (!this.undecided.delete(position) || this.undecided.size > 0 || this.wanted.size === 0) return;
    this.start();
  }
}
