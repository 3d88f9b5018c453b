/** Deltas are held this long so that a fast model does not cost an event per token (contract 2.3). */
const COALESCE_MS = 40;
const MAX_DELTA_UNITS = 1_024;
/** Deltas on their way to the log; more are gathered into the next one. */
const MAX_IN_FLIGHT = 64;

export type EmitDelta = (offset: number, text: string) => Promise<unknown>;

/**
 * Turns a model's tokens into delta events: the first at once, the others gathered; in order; never splitting a
 * surrogate pair. Their concatenation is `text`. One is emitted while others are on their way, in the order of the calls:
 * a slow log costs the reply no time.
 */
export class ReplyWriter {
  private said = '';
  private emitted = 0;
  private toldUnits = 0;
  private inFlight = 0;
  private timer?: NodeJS.Timeout;
  private confirmed: Promise<void> = Promise.resolve();
  private failure?: Error;

  constructor(private readonly emit: EmitDelta) {}

  /** Everything said so far, emitted or not. */
  get text(): string {
    return this.said;
  }

  /** What is known to have been emitted: nothing else may stand in place of the rest when this process dies. */
  get told(): string {
    return this.said.slice(0, this.toldUnits);
  }

  /** Nothing is known to be missing from the stream. */
  get isWhole(): boolean {
    return this.failure === undefined;
  }

  say(text: string): void {
    const isFirst = this.said === '';
    this.said += text;
    if (isFirst || this.said.length - this.emitted >= MAX_DELTA_UNITS) this.flush(false);
    else this.schedule();
  }

  /** Emits what is left. @throws what an emit threw, since its delta is missing from the stream */
  close(): void {
    this.flush(true);
    clearTimeout(this.timer);
    if (this.failure) throw this.failure;
  }

  /** Resolves when all that was emitted is known to be, or not to be. */
  settled(): Promise<void> {
    return this.confirmed;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.flush(false), COALESCE_MS);
  }

  private flush(closing: boolean): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (!this.failure && (closing || this.inFlight < MAX_IN_FLIGHT)) {
      const offset = this.emitted;
      const end = this.nextEnd(closing);
      if (end <= offset) return;
      this.emitted = end;
      this.inFlight += 1;
      this.confirm(this.emit(offset, this.said.slice(offset, end)), end);
    }
  }

  private confirm(emission: Promise<unknown>, end: number): void {
    const settled = emission.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    this.confirmed = this.confirmed
      .then(() => settled)
      .then((error) => {
        this.inFlight -= 1;
        if (error) this.failure ??= error;
        else if (!this.failure) this.toldUnits = end;
        // Gathered while too many were on their way.
        if (this.said.length > this.emitted) this.schedule();
      });
  }

  private nextEnd(closing: boolean): number {
    const end = Math.min(this.said.length, this.emitted + MAX_DELTA_UNITS);
    const isLast = end === this.said.length;
    return endsInsidePair(this.said, end) && !(closing && isLast) ? end - 1 : end;
  }
}

function endsInsidePair(text: string, end: number): boolean {
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
