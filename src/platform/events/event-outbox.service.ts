import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { newId } from '../ids/ids.js';
import { PeriodicTasks } from '../jobs/periodic.js';
import type { Fact, NewEvent } from './event-log.js';
import { EventLog } from './event-log.service.js';
import { DatabaseOutboxRows, MemoryOutboxRows, type NewFact, type OutboxRows } from './event-outbox.rows.js';
import { FactTeller } from './fact-teller.js';

/** A healthy log takes one; a caller does not wait longer for one that is not. */
const PATIENCE_MS = 50;
const RELAY_EVERY_MS = 1_000;
const RELAYED_AT_ONCE = 200;
/** Left out of what is read for the rest of a turn; where more refuse, theirs is read, and refused, to its end. */
const MOST_REFUSING = 500;
/** Told facts are removed together. */
const REMOVE_EVERY_MS = 200;
const SHUTDOWN_MS = 2_000;

/** What one {@link EventOutbox.telling} tells when it is over; what is left running by it tells for itself. */
interface Collected {
  readonly facts: Fact[];
  over: boolean;
}

/**
 * Events that tell of what is in the database. They are written in the transaction that makes them true and told after
 * its commit; where the process dies or Redis is away in between, any process tells them later. The log recognises one
 * that it knows and refuses one whose predecessor it lacks, so each is told once, in the order of the commits.
 *
 * @example
 * await outbox.telling(() => database.transaction(async () => {
 *   await rows.insert(message);
 *   outbox.add({ stream: 'conversation:1', type: 'message.created', data: { message } });
 * }));
 */
@Injectable()
export class EventOutbox implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(EventOutbox.name);
  private readonly rows: OutboxRows;
  private readonly teller: FactTeller;
  private readonly noted = new WeakMap<EntityManager, NewFact[]>();
  private readonly collecting = new AsyncLocalStorage<Collected>();
  private readonly running = new Set<Promise<void>>();
  /** What is told together was added by many; none of their transactions and requests is that of all. */
  private readonly ownContext = new AsyncResource('event outbox');
  /** The last facts took longer than anybody waits. */
  private late = false;
  /** By stream, the newest fact that was told. */
  private told = new Map<string, number>();
  private removal?: NodeJS.Timeout;
  /** Numbers are known to be beyond those of the log. */
  private outlived = false;

  constructor(
    private readonly database: Database,
    private readonly log: EventLog,
    private readonly periodic: PeriodicTasks,
  ) {
    this.rows = log.isShared ? new DatabaseOutboxRows(database) : new MemoryOutboxRows();
    this.teller = new FactTeller(log, this.rows, (fact) => this.noteTold(fact));
  }

  async onModuleInit(): Promise<void> {
    this.database.beforeCommit(() => this.write());
    if (this.log.isShared) {
      this.log.onBack(() => (this.outlived = false));
      await this.outliveLog().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'Whether the event log is newer than the database is not known yet');
      });
      this.periodic.every('event outbox', RELAY_EVERY_MS, async (signal) => void (await this.relay(signal)));
    }
  }

  async onApplicationShutdown(): Promise<void> {
    const done = Promise.all(this.running);
    await Promise.race([done, sleep(SHUTDOWN_MS, undefined, { ref: false })]);
    clearTimeout(this.removal);
    await this.removeQuietly();
  }

  /** Inside a transaction: told after its commit, and only then. `last` ends the stream. */
  add(event: NewEvent & Pick<Fact, 'last' | 'begins'>): void {
    if (!this.database.inTransaction) {
      throw new Error(
        'An event of the outbox belongs to a transaction; add it inside database.transaction().',
      );
    }
    const { manager } = this.database;
    const facts = this.noted.get(manager) ?? [];
    facts.push({ ...event, id: newId(), ts: new Date().toISOString() });
    this.noted.set(manager, facts);
  }

  /**
   * Tells what `work` added once all of it is over, after its evicts: who hears of a change may read at once. Waits for
   * the log only as long as a healthy one takes.
   */
  async telling<T>(work: () => Promise<T>): Promise<T> {
    const collected: Collected = { facts: [], over: false };
    try {
      return await this.collecting.run(collected, work);
    } finally {
      collected.over = true;
      const told = collected.facts.length > 0 && this.tellInBackground(collected.facts);
      // While the log is slow, every caller would wait in vain.
      if (told && !this.late) await Promise.race([told, pause()]);
    }
  }

  /** How many overdue facts were told; a stream that refuses waits for the next turn, and no other one waits for it. */
  async relay(signal?: AbortSignal): Promise<number> {
    if (!this.log.isShared) return 0;
    const refusing = new Set<string>();
    let told = 0;
    let after = 0;
    for (let more = true; more && !signal?.aborted;) {
      await this.outliveLog();
      if (this.log.degraded || !this.outlived) break;
      const overdue = await this.rows.overdue(after, [...refusing], RELAYED_AT_ONCE);
      told += await this.tellOverdue(overdue, refusing);
      after = overdue.at(-1)?.fact ?? after;
      more = overdue.length === RELAYED_AT_ONCE;
    }
    return told;
  }

  private async tellOverdue(overdue: readonly Fact[], refusing: Set<string>): Promise<number> {
    const tellings = await Promise.allSettled(overdue.map((fact) => this.teller.tell(fact)));
    const failed = new Map<string, unknown>();
    for (const [at, telling] of tellings.entries())
      if (telling.status === 'rejected') failed.set(overdue[at]!.stream, telling.reason);
    for (const [stream, err] of failed) {
      if (refusing.size === MOST_REFUSING) break;
      refusing.add(stream);
      this.logger.warn({ err, stream }, 'Events of a stream were not told yet');
    }
    await this.removeTold();
    return overdue.filter(({ stream }) => !failed.has(stream)).length;
  }

  private async write(): Promise<void> {
    const facts = this.noted.get(this.database.manager);
    if (!facts) return;
    this.noted.delete(this.database.manager);
    const collected = this.collecting.getStore();
    const deliver = (numbered: readonly Fact[]): void => {
      if (collected && !collected.over) collected.facts.push(...numbered);
      else void this.tellInBackground(numbered);
    };
    if (!this.log.isShared) {
      await this.database.afterCommit(async () => deliver(await this.rows.add(facts)));
      return;
    }
    const numbered = await this.rows.add(facts);
    await this.database.afterCommit(() => deliver(numbered));
  }

  /** Never rejects. */
  private tellInBackground(facts: readonly Fact[]): Promise<void> {
    const started = performance.now();
    const late = setTimeout(() => (this.late = true), PATIENCE_MS);
    const telling = this.ownContext
      .runInAsyncScope(() => this.tellAll(facts))
      .then(() => {
        // Not when it comes late: the next one that is in time says so.
        if (performance.now() - started < PATIENCE_MS) this.late = false;
      })
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'Events were not told; they stay in the outbox for the next relay');
      });
    this.running.add(telling);
    return telling.finally(() => {
      clearTimeout(late);
      this.running.delete(telling);
    });
  }

  /** Settles when all are told or refused. */
  private async tellAll(facts: readonly Fact[]): Promise<void> {
    // Those that were numbered anew meanwhile are the relay's.
    if (this.log.isShared && !this.outlived && (await this.outliveLog())) return;
    const tellings = await Promise.allSettled(facts.map((fact) => this.teller.tell(fact)));
    const refused = tellings.find((telling) => telling.status === 'rejected');
    if (refused) throw refused.reason;
  }

  private noteTold({ stream, fact }: Fact): void {
    this.told.set(stream, Math.max(fact, this.told.get(stream) ?? 0));
    this.removal ??= setTimeout(() => void this.removeSoon(), this.log.isShared ? REMOVE_EVERY_MS : 0);
  }

  private async removeSoon(): Promise<void> {
    this.removal = undefined;
    await this.removeQuietly();
  }

  private async removeQuietly(): Promise<void> {
    await this.removeTold().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'Told events stay in the outbox; they are recognised when told again');
    });
  }

  private async removeTold(): Promise<void> {
    if (this.told.size === 0) return;
    const told = this.told;
    this.told = new Map();
    await this.log.noteTold(Math.max(...told.values()));
    await this.rows.remove(told);
  }

  /**
   * Whether what waits was numbered anew: told under numbers that the log has had from a newer database, it would be taken
   * for known. Nothing is told to a log that was away before this is known.
   */
  private async outliveLog(): Promise<boolean> {
    const newest = this.log.degraded ? undefined : await this.log.newestTold();
    const renumbered = newest !== undefined && (await this.rows.outlive(newest));
    this.outlived = newest !== undefined;
    if (!renumbered) return false;
    this.logger.warn(
      'The event log knows more than the database has ever told: events get numbers beyond it. Was the database restored ' +
        'from a backup? Then empty Redis, too (docs/operations.md). Or has another service the same REDIS_KEY_PREFIX?',
    );
    return true;
  }
}

const pause = (): Promise<void> => sleep(PATIENCE_MS, undefined, { ref: false });
