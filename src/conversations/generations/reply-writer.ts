/** Deltas are held this long so that a fast model does not cost an event per token (contract 2.3). */
const COALESCE_MS = 40;
const MAX_DELTA_UNITS = 1_024;

export type EmitDelta = (offset: number, text: string) => Promise<unknown>;

/**
 * Turns a model's tokens into delta events: the first at once, the others gathered; in order; never splitting a
 * surrogate pair. Their concatenation is `text`.
 */
export class ReplyWriter {
  private said = '';
  private emitted = 0;
  private toldUnits = 0;
  private timer?: NodeJS.Timeout;
  private pumping?: Promise<void>;
  private failure?: Error;

  constructor(private readonly emit: EmitDelta) {}

  /** Everything said so far, emitted or not. */
  get text(): string {
    return this.said;
  }

  /** What has been emitted: nothing else may stand in place of the rest when this process dies. */
  get told(): string {
    return this.said.slice(0, this.toldUnits);
  }

  say(text: string): void {
    const isFirst = this.said === '';
    this.said += text;
    if (isFirst || this.said.length - this.emitted >= MAX_DELTA_UNITS) this.pump();
    else this.schedule();
  }

  /** Emits what is left. @throws what an emit threw, since its delta is missing from the stream */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.pumping;
    await this.drain(true);
    clearTimeout(this.timer);
    if (this.failure) throw this.failure;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.pump(), COALESCE_MS);
  }

  private pump(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pumping ??= this.drain(false).finally(() => {
      this.pumping = undefined;
      // Said between the last look and now.
      if (this.said.length > this.emitted) this.schedule();
    });
  }

  private async drain(closing: boolean): Promise<void> {
    for (let end = this.nextEnd(closing); end > this.emitted && !this.failure; end = this.nextEnd(closing)) {
      const offset = this.emitted;
      this.emitted = end;
      try {
        await this.emit(offset, this.said.slice(offset, end));
        this.toldUnits = end;
      } catch (error) {
        this.failure = error instanceof Error ? error : new Error(String(error));
      }
    }
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
