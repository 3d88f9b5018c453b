const KEPT = 300;

/** The latest latencies, in ms. */
export class Latencies {
  private readonly kept: number[] = [];
  private next = 0;
  private latest: number | null = null;

  add(ms: number): void {
    this.latest = ms;
    this.kept[this.next] = ms;
    this.next = (this.next + 1) % KEPT;
  }

  /** The last one, and the 99th percentile of the latest 300; null before the first. */
  read(): { recent: number | null; p99: number | null } {
    const sorted = this.kept.toSorted((a, b) => a - b);
    const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1];
    return { recent: rounded(this.latest), p99: rounded(p99 ?? null) };
  }
}

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 100) / 100);
