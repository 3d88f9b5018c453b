import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

/** What a periodic task does; it should stop soon after the signal is aborted. */
export type PeriodicTask = (signal: AbortSignal) => Promise<void> | void;

const JITTER = 0.1;
const STOP_TIMEOUT_MS = 5_000;

/**
 * Housekeeping of this process, such as removing expired rows. A task never overlaps itself, its failures are logged and
 * tried again at the next turn, and shutdown waits for it (at most 5 s) before connections are closed.
 */
@Injectable()
export class PeriodicTasks implements OnModuleDestroy {
  private readonly logger = new Logger(PeriodicTasks.name);
  private readonly stopping = new AbortController();
  private readonly loops = new Map<string, Promise<void>>();

  constructor() {
    // Every task listens to it once; a bound would be taken for a leak.
    setMaxListeners(0, this.stopping.signal);
  }

  /** Runs `task` about every `periodMs`, first after one period; ±10 % so that instances do not march in step. */
  every(name: string, periodMs: number, task: PeriodicTask): void {
    if (this.loops.has(name))
      throw new Error(`A periodic task named "${name}" exists already; give this one its own name.`);
    this.loops.set(name, this.loop(name, periodMs, task));
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    const timeout = new AbortController();
    const late = sleep(STOP_TIMEOUT_MS, 'late' as const, { signal: timeout.signal }).catch(() => undefined);
    const outcome = await Promise.race([Promise.all(this.loops.values()), late]);
    timeout.abort();
    if (outcome === 'late')
      this.logger.warn(`Some periodic tasks did not stop within ${STOP_TIMEOUT_MS} ms.`);
  }

  private async loop(name: string, periodMs: number, task: PeriodicTask): Promise<void> {
    const { signal } = this.stopping;
    while (await this.pause(periodMs * (1 - JITTER + 2 * JITTER * Math.random()))) {
      try {
        await task(signal);
      } catch (error) {
        if (!signal.aborted) this.logger.warn({ msg: `Periodic task "${name}" failed`, err: error });
      }
    }
  }

  /** Whether the time passed without a shutdown. */
  private async pause(ms: number): Promise<boolean> {
    const { signal } = this.stopping;
    return sleep(ms, true, { signal }).catch(() => false);
  }
}
