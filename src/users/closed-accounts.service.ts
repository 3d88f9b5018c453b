import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { EventLog } from '../platform/events/event-log.service.js';
import { PeriodicTasks } from '../platform/jobs/periodic.js';
import { ACCOUNT_CLOSED, userStream } from './users.events.js';
import { UsersRepository } from './users.repository.js';

const LOOK_EVERY_MS = 5_000;
/** Longer than any access token is good for. */
const REMEMBERED_MS = 25 * 3_600_000;

/**
 * The accounts whose access tokens are still in time although there is nothing left to enter. Tokens are believed
 * without asking the database, so every instance knows these few by heart: told at once, and looked up every few seconds
 * in case that was missed.
 */
@Injectable()
export class ClosedAccounts implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ClosedAccounts.name);
  private readonly closedAt = new Map<string, number>();
  private readonly listeners = new Set<(userId: string) => void>();
  private stop?: () => void;

  constructor(
    private readonly users: UsersRepository,
    private readonly events: EventLog,
    private readonly periodic: PeriodicTasks,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.stop = this.events.listen(({ event }) => {
      if (event.type === ACCOUNT_CLOSED) this.remember((event.data as { userId: string }).userId);
    });
    this.periodic.every('closed accounts', LOOK_EVERY_MS, () => this.look());
    await this.look();
  }

  onApplicationShutdown(): void {
    this.stop?.();
  }

  has(userId: string): boolean {
    return this.closedAt.has(userId);
  }

  /** Calls `listener` once for each account that this instance hears of. */
  onClosed(listener: (userId: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** After the commit that closes it. The other instances hear of it within {@link LOOK_EVERY_MS} at the latest. */
  async announce(userId: string): Promise<void> {
    this.remember(userId);
    const event = { stream: userStream(userId), type: ACCOUNT_CLOSED, data: { userId }, room: 'instances' };
    await this.events.signal(event).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'The other instances were not told of a closed account yet');
    });
  }

  private async look(): Promise<void> {
    const since = Date.now() - REMEMBERED_MS;
    for (const id of await this.users.closedSince(new Date(since))) this.remember(id);
    for (const [id, at] of this.closedAt) if (at < since) this.closedAt.delete(id);
  }

  private remember(userId: string): void {
    const isNew = !this.closedAt.has(userId);
    this.closedAt.set(userId, Date.now());
    if (isNew) for (const listener of this.listeners) listener(userId);
  }
}
