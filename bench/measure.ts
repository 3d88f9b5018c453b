import { setImmediate as turn } from 'node:timers/promises';

/** Middle and width of a set of samples. */
export interface Spread {
  median: number;
  p10: number;
  p90: number;
}

/** One thing that is timed against the others. */
export interface Lane {
  readonly name: string;
  /** Does that many operations. */
  run(operations: number): Promise<void>;
}

/** Nanoseconds per operation, one sample a round, by lane. Samples of the same index were taken side by side. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface InterleaveOptions {
  rounds: number;
  /** How long one lane runs at a time, in milliseconds. */
  batchMs: number;
  onRound?: (round: number) => void;
  /** In nanoseconds. @default the monotonic clock */
  now?: () => number;
}

const WARM_UP_ROUNDS = 3;
const monotonic = (): number => Number(process.hrtime.bigint());

/**
 * Runs all lanes in turn, round after round, each for about `batchMs`. What disturbs the machine for a moment disturbs
 * all of them; every round begins with another lane, so that none always follows the same neighbour.
 */
export async function interleave(lanes: readonly Lane[], options: InterleaveOptions): Promise<Samples> {
  const now = options.now ?? monotonic;
  const timed = async (lane: Lane, operations: number): Promise<number> => {
    // Timers, heartbeats and messages of every library get their turn between the batches.
    await turn();
    const started = now();
    await lane.run(operations);
    return now() - started;
  };
  const operations = new Map<Lane, number>();
  for (const lane of lanes) operations.set(lane, await calibrated(lane, options.batchMs * 1e6, timed));
  const samples = new Map<string, number[]>(lanes.map(({ name }) => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < options.rounds; round++) {
    if (round >= 0) options.onRound?.(round + 1);
    for (let at = 0; at < lanes.length; at++) {
      const lane = lanes[(at + round + WARM_UP_ROUNDS) % lanes.length]!;
      const count = operations.get(lane)!;
      const elapsed = await timed(lane, count);
      if (round >= 0) samples.get(lane.name)!.push(elapsed / count);
    }
  }
  return samples;
}

/** How many operations fill a batch. Trying it out also warms the lane up. */
async function calibrated(
  lane: Lane,
  batchNs: number,
  timed: (lane: Lane, operations: number) => Promise<number>,
): Promise<number> {
  for (let operations = 64; ; operations *= 4) {
    const elapsed = await timed(lane, operations);
    if (elapsed >= batchNs / 4) return Math.max(64, Math.round((operations * batchNs) / elapsed));
  }
}

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
