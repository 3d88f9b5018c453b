import type { RedisMemory } from './server-info.js';

/** Memory has to fall this far below the lower threshold to count as back: it moves around a threshold for long. */
const HYSTERESIS_PERCENT = 5;

/** What to say about memory. */
export interface MemoryLine {
  level: 'error' | 'warn' | 'log';
  text: string;
}

/** Says once when memory comes near its limit, once when nearer still, and once when it is back. */
export class MemoryWatch {
  private state: 'ok' | 'warn' | 'alert' = 'ok';

  constructor(
    private readonly warnPercent: number,
    private readonly alertPercent: number,
  ) {}

  /** The line to log, if this changes anything. */
  note({ percent, policy }: RedisMemory): MemoryLine | undefined {
    if (percent === null) return undefined;
    const used = `${percent} % of its maxmemory`;
    const after =
      policy === 'noeviction' ? 'at 100 % it refuses writes' : `at 100 % it drops keys (${policy})`;
    if (percent >= this.alertPercent && this.state !== 'alert') {
      this.state = 'alert';
      return { level: 'error', text: `uses ${used}; ${after}` };
    }
    if (percent >= this.warnPercent && this.state === 'ok') {
      this.state = 'warn';
      return { level: 'warn', text: `uses ${used}; ${after}` };
    }
    if (percent < this.warnPercent - HYSTERESIS_PERCENT && this.state !== 'ok') {
      this.state = 'ok';
      return { level: 'log', text: `is back to ${used}` };
    }
    return undefined;
  }
}
