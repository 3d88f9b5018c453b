import { Injectable, Module } from '@nestjs/common';
import type { CacheOutbox } from '@rapport/cache';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';

/** More would keep their rows locked for long. */
const BATCH = 500;

/** Rows of `cache_outbox`: evicts that become visible with the write that needs them, and only with it. */
@Injectable()
export class CacheOutboxRows implements CacheOutbox {
  /** What each transaction notes last. */
  private readonly adding = new WeakMap<EntityManager, Promise<void>>();

  constructor(private readonly database: Database) {}

  /** One after the other: a write may evict several entries at once, and its connection takes one statement at a time. */
  add(entries: readonly string[]): Promise<void> {
    const { manager } = this.database;
    const before = (this.adding.get(manager) ?? Promise.resolve()).catch(() => undefined);
    const adding = before.then(async () => {
      await manager.query('INSERT INTO cache_outbox (entry) SELECT unnest($1::text[])', [entries]);
    });
    this.adding.set(manager, adding);
    return adding;
  }

  async isEmpty(): Promise<boolean> {
    const rows = await this.database.manager.query<unknown[]>('SELECT 1 FROM cache_outbox LIMIT 1');
    return rows.length === 0;
  }

  /** Removes some and gives them away; inside a transaction, so that they stay when delivering them fails. */
  async take(): Promise<string[]> {
    const [rows] = await this.database.manager.query<[{ entry: string }[], number]>(
      `DELETE FROM cache_outbox WHERE id IN (
         SELECT id FROM cache_outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
       ) RETURNING entry`,
      [BATCH],
    );
    return rows.map(({ entry }) => entry);
  }
}

@Module({ providers: [CacheOutboxRows], exports: [CacheOutboxRows] })
export class CacheOutboxModule {}
