import { FrequencySketch } from './frequency-sketch.js';

/** A cache that keeps nothing but names. */
export interface Policy {
  /** Whether the entry was there; it comes in, as far as the policy lets it. */
  ask(name: number): boolean;
}

const oldestOf = (names: Iterable<number>): number => {
  for (const name of names) return name;
  throw new Error('nothing is there');
};

/** Least recently used goes first. */
export class Lru implements Policy {
  private readonly names = new Set<number>();

  constructor(private readonly size: number) {}

  ask(name: number): boolean {
    const found = this.names.delete(name);
    this.names.add(name);
    if (this.names.size > this.size) this.names.delete(oldestOf(this.names));
    return found;
  }
}

/** First in, first out, with a second chance for what was used. */
export class Clock implements Policy {
  private readonly used = new Map<number, boolean>();

  constructor(private readonly size: number) {}

  ask(name: number): boolean {
    if (this.used.has(name)) {
      this.used.set(name, true);
      return true;
    }
    this.used.set(name, false);
    while (this.used.size > this.size) {
      const oldest = oldestOf(this.used.keys());
      const again = this.used.get(oldest)!;
      this.used.delete(oldest);
      if (again) this.used.set(oldest, false);
    }
    return false;
  }
}

/**
 * W-TinyLFU (Einziger, Friedman, Manes; ACM Transactions on Storage 2017): a window of 1 %, behind it a segmented LRU
 * (80 % protected) which only takes in what was asked for more often than what would have to go.
 */
export class WTinyLfu implements Policy {
  private readonly window = new Set<number>();
  private readonly probation = new Set<number>();
  private readonly protectedOnes = new Set<number>();
  private readonly sketch: FrequencySketch;
  private readonly windowSize: number;
  private readonly mainSize: number;

  constructor(size: number) {
    this.sketch = new FrequencySketch(size);
    this.windowSize = Math.max(1, Math.round(size * 0.01));
    this.mainSize = size - this.windowSize;
  }

  ask(name: number): boolean {
    this.sketch.count(name);
    for (const recent of [this.window, this.protectedOnes]) {
      if (recent.delete(name)) {
        recent.add(name);
        return true;
      }
    }
    if (this.probation.delete(name)) {
      this.protect(name);
      return true;
    }
    this.window.add(name);
    if (this.window.size > this.windowSize) this.leaveWindow();
    return false;
  }

  private protect(name: number): void {
    this.protectedOnes.add(name);
    if (this.protectedOnes.size <= 0.8 * this.mainSize) return;
    const demoted = oldestOf(this.protectedOnes);
    this.protectedOnes.delete(demoted);
    this.probation.add(demoted);
  }

  private leaveWindow(): void {
    const candidate = oldestOf(this.window);
    this.window.delete(candidate);
    if (this.probation.size + this.protectedOnes.size >= this.mainSize) {
      const from = this.probation.size > 0 ? this.probation : this.protectedOnes;
      const victim = oldestOf(from);
      if (this.sketch.estimate(candidate) <= this.sketch.estimate(victim)) return;
      from.delete(victim);
    }
    this.probation.add(candidate);
  }
}
