/** Latencies in buckets that double from 1/64 ms on: two numbers a record, any percentile within a factor of two. */
export class LatencyHistogram {
  private readonly buckets = new Float64Array(32);
  private total = 0;

  record(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.min(31, Math.ceil(Math.log2(ms / SMALLEST_MS)));
    this.buckets[bucket]!++;
    this.total++;
  }

  /** How many were recorded. */
  get count(): number {
    return this.total;
  }

  /** Upper bound of the bucket that holds the quantile; 0 when nothing was recorded. */
  quantileMs(quantile: number): number {
    if (this.total === 0) return 0;
    let left = this.total * quantile;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      left -= this.buckets[bucket]!;
      if (left <= 0) return SMALLEST_MS * 2 ** bucket;
    }
    return SMALLEST_MS * 2 ** 31;
  }
}

const SMALLEST_MS = 1 / 64;
