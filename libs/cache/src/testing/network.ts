/** What happens when a step is taken, and how a printed schedule calls it. */
export interface Step {
  readonly label: () => string;
  readonly run: () => void;
}

/** Steps that happen one after another, like the bytes of one direction of a connection. */
export interface Lane {
  /** Nothing moves while it is set; what is posted waits. */
  frozen: boolean;
  post(label: () => string, run: () => void): void;
  /** What has not happened yet never will. */
  clear(): void;
}

/** Decides when a step of a lane happens. */
export interface Network {
  lane(): Lane;
}

/** Everything arrives at once: in order, right after the code that is running now. */
export const directNetwork: Network = { lane: () => new DirectLane() };

class DirectLane implements Lane {
  private readonly waiting: (() => void)[] = [];
  private stopped = false;

  get frozen(): boolean {
    return this.stopped;
  }

  set frozen(frozen: boolean) {
    this.stopped = frozen;
    if (!frozen) for (let left = this.waiting.length; left > 0; left--) queueMicrotask(this.next);
  }

  post(_label: () => string, run: () => void): void {
    this.waiting.push(run);
    if (!this.stopped) queueMicrotask(this.next);
  }

  clear(): void {
    this.waiting.length = 0;
  }

  private readonly next = (): void => {
    if (!this.stopped) this.waiting.shift()?.();
  };
}
