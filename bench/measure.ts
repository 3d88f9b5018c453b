/** Middle and width of a set of samples. */
export interface Spread {
  median: number;
  p10: number;
  p90: number;
}

/** One thing that is timed against the others. */
export interface Lane {
  readonly name: string;
  /** Does that many operations; answers how long they took, in nanoseconds. */
  run(operations: number): Promise<number>;
}

/** Nanoseconds per operation, one sample a round, by lane. Samples of the same index were taken side by side. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface InterleaveOptions {
  rounds: number;
  /** How long one lane runs at a time, in milliseconds. */
  batchMs: number;
  /** How long each lane runs before anything counts, in milliseconds: until its code is compiled for good. */
  warmUpMs: number;
  onRound?: (round: number) => void;
}

const LARGEST_STEP = 4;

/**
 * Runs all lanes in turn, round after round, each for about `batchMs`. What disturbs the machine for a moment disturbs
 * all of them; every round begins with another lane, so that none always follows the same neighbour.
 */
export async function interleave(lanes: readonly Lane[], options: InterleaveOptions): Promise<Samples> {
  const operations = new Map<Lane, number>();
  for (const lane of lanes) operations.set(lane, await warmedUp(lane, options));
  const samples = new Map<string, number[]>(lanes.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    options.onRound?.(round + 1);
    for (let at = 0; at < lanes.length; at++) {
      const lane = lanes[(at + round) % lanes.length]!;
      const count = operations.get(lane)!;
      const elapsed = await lane.run(count);
      samples.get(lane.name)!.push(elapsed / count);
      operations.set(lane, rescaled(count, elapsed, options));
    }
  }
  return samples;
}

/** Runs a lane until it is warm; answers how many operations fill a batch then. */
async function warmedUp(lane: Lane, options: InterleaveOptions): Promise<number> {
  let spentMs = 0;
  for (let operations = 64; ;) {
    const elapsed = await lane.run(operations);
    const next = rescaled(operations, elapsed, options);
    spentMs += elapsed / 1e6;
    if (spentMs >= options.warmUpMs && next < operations * LARGEST_STEP) return next;
    operations = next;
  }
}

/** How many operations are to fill the next batch. In steps: one that was disturbed says little about the next. */
const rescaled = (operations: number, elapsed: number, { batchMs }: InterleaveOptions): number =>
  Math.max(64, Math.round(operations * Math.min(LARGEST_STEP, (batchMs * 1e6) / elapsed)));

/** Runs `operations` calls, so many at a time. */
export async function concurrently(
  width: number,
  operations: number,
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < operations) await call(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, operations) }, worker));
}

/** The `q`-quantile (0 to 1), between two samples where it falls between them. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

/** Median, p10 and p90. */
export function spreadOf(samples: readonly number[]): Spread {
  return {
    median: quantile(samples, 0.5),
    p10: quantile(samples, 0.1),
    p90: quantile(samples, 0.9),
  };
}

/** Round by round, `a` in units of `b`: what moved both at the same moment cancels out. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.slice(0, b.length).map((value, round) => value / b[round]!);
}
