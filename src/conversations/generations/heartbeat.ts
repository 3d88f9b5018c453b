/** Well within the time after which others take the generation for abandoned. */
const HEARTBEAT_MS = 2_000;

/**
 * Shows that the process that makes a reply lives, from its claim until its end is stored, and keeps what was said
 * so far: each beat the longest text that it was given.
 */
export class Heartbeat {
  private kept = '';
  private readonly timer: NodeJS.Timeout;
  /** What is known to have been told; empty until the reply is streaming. */
  told: () => string = () => '';

  /** @param beat stores a sign of life with the text; does not throw */
  constructor(private readonly beat: (said: string) => Promise<void>) {
    this.timer = setInterval(() => void this.keep(this.told()), HEARTBEAT_MS);
  }

  keep(said: string): Promise<void> {
    if (said.length > this.kept.length) this.kept = said;
    return this.beat(this.kept);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
