/**
 * Where the decisions of a schedule come from: a seeded generator, or a recorded list. Behind the end of a list every
 * decision is 0, which by convention is the simplest one; so leaving out and lowering numbers makes a plan simpler.
 */
export class Choices {
  private readonly decisions: number[] = [];
  private at = 0;

  private constructor(
    private readonly recorded: readonly number[] | undefined,
    private state: number,
  ) {}

  static seeded(seed: number): Choices {
    return new Choices(undefined, seed >>> 0);
  }

  static replay(made: readonly number[]): Choices {
    return new Choices(made, 0);
  }

  /** Every decision so far: with {@link Choices.replay} it gives the same ones again. */
  get made(): readonly number[] {
    return this.decisions;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    const choice = this.recorded ? (this.recorded[this.at++] ?? 0) % count : this.random(count);
    this.decisions.push(choice);
    return choice;
  }

  /** True once in `count` times; the simplest decision is no. */
  oneIn(count: number): boolean {
    return this.below(count) === count - 1;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A whole number from 0 to below `count` that is not recorded. Mulberry32: good enough to choose among steps. */
  random(count: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * count);
  }
}
