const ROWS = 4;
const MOST = 15;

/** How often a name was asked for, about: four rows of counters up to 15, halved at every ten times the size. */
export class FrequencySketch {
  private readonly width: number;
  private readonly counters: Uint8Array;
  private counted = 0;

  constructor(private readonly size: number) {
    this.width = 2 ** Math.ceil(Math.log2(size));
    this.counters = new Uint8Array(ROWS * this.width);
  }

  count(name: number): void {
    for (let row = 0; row < ROWS; row++) {
      const at = this.placeOf(name, row);
      if (this.counters[at]! < MOST) this.counters[at]!++;
    }
    if (++this.counted < 10 * this.size) return;
    this.counted /= 2;
    for (let at = 0; at < this.counters.length; at++) this.counters[at]! >>= 1;
  }

  estimate(name: number): number {
    let least = MOST;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.counters[this.placeOf(name, row)]!);
    return least;
  }

  private placeOf(name: number, row: number): number {
    let hash = Math.imul(name ^ (row * 0x9e3779b1), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return row * this.width + ((hash ^ (hash >>> 16)) & (this.width - 1));
  }
}
