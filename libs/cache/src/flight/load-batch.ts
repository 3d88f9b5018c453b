/** Marks an id that the loader had no item for; never stored. */
export const ABSENT: unique symbol = Symbol('absent');

type LoadMany = (positions: number[]) => Promise<ReadonlyMap<number, unknown>>;

/**
 * One call of a loader for all keys that turn out to need it. Every key either asks for its value or reports that it
 * does not need one yet; when the last has done so, the loader is called once. A key that asks later is loaded alone.
 */
export class LoadBatch {
  private readonly wanted = new Set<number>();
  private readonly undecided: Set<number>;
  private readonly loaded: Promise<ReadonlyMap<number, unknown>>;
  private start?: () => void;

  /** @param load - from positions to the values it has for them */
  constructor(
    positions: Iterable<number>,
    private readonly load: LoadMany,
  ) {
    this.undecided = new Set(positions);
    this.loaded = new Promise<void>((resolve) => (this.start = resolve)).then(() =>
      load([...this.wanted].sort((a, b) => a - b)),
    );
  }

  async value(position: number): Promise<unknown> {
    const values = this.undecided.has(position) ? this.join(position) : this.load([position]);
    return valueAt(await values, position);
  }

  /** The key was answered otherwise, waits for somebody else's load, or failed before its own. */
  decided(position: number): void {
    if (!this.undecided.delete(position) || this.undecided.size > 0 || this.wanted.size === 0) return;
    this.start?.();
  }

  private join(position: number): Promise<ReadonlyMap<number, unknown>> {
    this.wanted.add(position);
    this.decided(position);
    return this.loaded;
  }
}

const valueAt = (values: ReadonlyMap<number, unknown>, position: number): unknown =>
  values.has(position) ? values.get(position) : ABSENT;
