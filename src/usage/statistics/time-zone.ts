/** The wall clock of an IANA time zone: where it is ahead of UTC, by how much, and when that changes. */
export class TimeZone {
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError when there is no such zone */
  constructor(readonly name: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** What the clock shows at an instant, written as if it were UTC; milliseconds both. */
  clockAt(instant: number): number {
    const parts = Object.fromEntries(
      this.format.formatToParts(instant).map(({ type, value }) => [type, value]),
    );
    const at = (type: string): number => Number(parts[type]);
    const shown = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
    return shown + (((instant % 1_000) + 1_000) % 1_000);
  }

  /** The first instant at which the clock shows `clock`, or, where it jumps over that, at which it shows more. */
  firstInstantOf(clock: number): number {
    const before = this.offsetAt(clock - MARGIN_MS);
    const after = this.offsetAt(clock + MARGIN_MS);
    const shows = [clock - before, clock - after].filter((instant) => this.clockAt(instant) === clock);
    return shows.length > 0 ? Math.min(...shows) : this.changeIn(clock - MARGIN_MS, clock + MARGIN_MS);
  }

  /** When the offset that holds at `from` ends; it must have by `to`. To the second, as all known changes are. */
  changeIn(from: number, to: number): number {
    const offset = this.offsetAt(from);
    let [low, high] = [Math.floor(from / 1_000), Math.ceil(to / 1_000)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle * 1_000) === offset) low = middle;
      else high = middle;
    }
    return high * 1_000;
  }

  offsetAt(instant: number): number {
    return this.clockAt(instant) - instant;
  }
}

/** More than any zone is ahead or behind, and less than there is between two changes. */
const MARGIN_MS = 36 * 3_600_000;
