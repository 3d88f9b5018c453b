import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../connections/redis-connections.js';
import type { PresenceChange } from './presence-store.js';
import type { RedisPresenceStore } from './redis-presence-store.js';

/** Users looked at in one round trip, and round trips of one sweep; the rest is left to the next one, or to others. */
const BATCH = 500;
const MAX_BATCHES = 20;

/** What {@link PresenceSweeper} needs to know. */
export interface PresenceSweeperOptions {
  /** Milliseconds between two sweeps. */
  everyMs: number;
  /** Milliseconds after Redis came back during which instances write their connections again. */
  settleMs: number;
  /** Hears of each change, on one instance only. */
  tell: (change: PresenceChange) => void;
}

/**
 * Finds leases that ended by themselves, those of killed instances, and tells what that did to their users. All instances
 * look, each at users of its own choice: Redis gives a user to one of them, and to another if that one does not come back.
 * An instance that dies between looking and telling leaves its finding untold.
 */
export class PresenceSweeper {
  private readonly log = new Logger('Redis');
  private readonly stopWatching: () => void;
  private timer: NodeJS.Timeout | undefined;
  private readyAt = performance.now();
  private closed = false;

  constructor(
    private readonly connections: RedisConnections,
    private readonly store: RedisPresenceStore,
    private readonly options: PresenceSweeperOptions,
  ) {
    this.stopWatching = connections.onReady(() => (this.readyAt = performance.now()));
    this.schedule();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopWatching();
  }

  /** Leases that ran out while Redis was away are not over before everybody had the time to renew them. */
  private get settled(): boolean {
    return this.connections.status() === 'ready' && performance.now() - this.readyAt >= this.options.settleMs;
  }

  private async sweep(): Promise<void> {
    for (let left = MAX_BATCHES; left > 0 && this.settled && !this.closed; left--) {
      const { looked, changes } = await this.store.reapDue(BATCH);
      for (const change of changes) this.options.tell(change);
      if (looked < BATCH) return;
    }
  }

  private schedule(): void {
    if (this.closed) return;
    // Jitter, so that instances that were started together do not all ask at the same time.
    const ms = this.options.everyMs * (0.9 + Math.random() / 10);
    this.timer = setTimeout(() => {
      this.sweep()
        // Users that were taken come back; the connections say what is wrong with Redis.
        .catch((error: unknown) => this.log.debug(`Presence was not swept (${(error as Error).message}).`))
        .finally(() => this.schedule());
    }, ms).unref();
  }
}
