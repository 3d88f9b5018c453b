// Takes a lock again and again, and changes the row that it guards in two steps with a pause between them: it says that
// the row is its own, thinks, and writes. The parent may stop or end it at any point.
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import 'reflect-metadata';
import { LockError, Locks, RedisConnections, type Lock } from '../../../libs/redis/src/index.js';
import { machineMs } from './history.js';
import { talkToParent } from './talk.js';

interface Settings {
  readonly holder: number;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly leaseMs: number;
  /** Whether the database compares fences. */
  readonly fenced: boolean;
  /** Whether it asks before its write if it still has the lock. */
  readonly looks: boolean;
}

const { holder, redisUrl, databaseUrl, leaseMs, fenced, looks } = JSON.parse(process.argv[2]!) as Settings;
Logger.overrideLogger(false);
const database = new pg.Client({ connectionString: databaseUrl, query_timeout: 10_000 });
await database.connect();
const connections = new RedisConnections({ url: redisUrl, maxBackoffMs: 100 });
await connections.start(5_000);
const locks = new Locks(connections, { prefix: 'chaos' });

// The journal's order is that of the row's versions: each change is noted in the statement that makes it.
const CLAIM = `
  WITH changed AS (
    UPDATE guarded SET fence = $1, version = version + 1 WHERE $2::boolean IS FALSE OR fence < $1 RETURNING version, value
  )
  INSERT INTO journal (version, kind, fence, value) SELECT version, 'claim', $1, value FROM changed RETURNING value`;
const WRITE = `
  WITH changed AS (
    UPDATE guarded SET value = $3, version = version + 1 WHERE $2::boolean IS FALSE OR fence = $1 RETURNING version, value
  )
  INSERT INTO journal (version, kind, fence, value) SELECT version, 'write', $1, value FROM changed RETURNING value`;

/** The value of the row after the change; undefined when it was refused. */
async function change(sql: string, ...values: unknown[]): Promise<number | undefined> {
  const { rows } = await database.query<{ value: number }>(sql, values);
  return rows[0]?.value;
}

async function useLock(lock: Lock, askedAt: number): Promise<void> {
  const { fence } = lock;
  await talk.ask('granted', { holder, fence, askedAt, grantedAt: machineMs() });
  const value = await change(CLAIM, fence, fenced);
  await talk.ask('claimed', { holder, fence, accepted: value !== undefined });
  if (value === undefined) return;
  await sleep(Math.random() * (leaseMs / 10));
  if (looks) {
    const at = machineMs();
    lock.assertHeld();
    await talk.ask('held', { fence, at });
  }
  const written = await change(WRITE, fence, fenced, value + 1);
  await talk.ask('written', { holder, fence, accepted: written !== undefined });
}

async function turn(): Promise<void> {
  const askedAt = machineMs();
  try {
    const lock = await locks.acquire('row', { leaseMs, waitMs: 5_000 });
    try {
      await useLock(lock, askedAt);
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    await talk.ask('refused', { holder, code: error.code });
    await sleep(10);
  }
}

let going = true;
async function takeTurns(): Promise<void> {
  while (going) await turn();
}

let turns = Promise.resolve();
const talk = talkToParent({
  stop: async () => {
    going = false;
    await turns;
  },
});
await talk.ask('ready');
turns = takeTurns();
