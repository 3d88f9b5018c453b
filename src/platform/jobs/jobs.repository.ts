import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Job, JobEnd, JobProgress } from './job.js';

export type NewJob = Pick<Job, 'id' | 'kind' | 'userId' | 'key' | 'payload' | 'maxAttempts'>;

/** A worker's hold on a job. */
export type Claim = Pick<Job, 'id' | 'fence'>;

/** What a worker that asks for work offers. */
export interface ClaimRequest {
  worker: string;
  kinds: readonly string[];
  /** Only this one. */
  id?: string;
  /** A job whose worker has not been heard of for so long is taken over. */
  orphanedAfterMs: number;
}

/** What becomes of a claimed job that does not end. */
export interface Release {
  status: 'queued' | 'waiting';
  resumeInMs: number;
  /** Its run does not count as an attempt: nothing has failed. */
  uncounted: boolean;
}

export interface JobCount {
  kind: string;
  status: string;
  count: number;
}

const COLUMNS = `id, kind, user_id AS "userId", key, status, progress, payload, checkpoint, result, error, attempts,
  max_attempts AS "maxAttempts", fence, cancel_requested_at AS "cancelRequestedAt", resume_at AS "resumeAt",
  created_at AS "createdAt", started_at AS "startedAt", ended_at AS "endedAt", updated_at AS "updatedAt"`;
const ACTIVE = `status IN ('queued', 'running', 'waiting')`;
const IDLE = `status IN ('queued', 'waiting')`;
const HELD = `id = $1 AND fence = $2 AND status = 'running'`;
/** Nobody has taken it since. */
const SAME = `id = $1 AND fence = $2 AND ${ACTIVE}`;
/** Parameters: kinds, id or null, seconds after which a worker that is not heard of counts as gone. */
const DUE = `kind = ANY($1::text[]) AND ($2::uuid IS NULL OR id = $2) AND (
  (${IDLE} AND resume_at <= clock_timestamp())
  OR (status = 'running' AND attempts < max_attempts
      AND heartbeat_at < clock_timestamp() - make_interval(secs => $3)))`;

/** Rows of `jobs`. Whatever changes a job is one conditional statement, so that two who try are told apart. */
@Injectable()
export class JobsRepository {
  constructor(private readonly database: Database) {}

  /** Undefined while another active job of the kind has the key. */
  async insert({ id, kind, userId, key, payload, maxAttempts }: NewJob): Promise<Job | undefined> {
    return this.one(
      `INSERT INTO jobs (id, kind, user_id, key, payload, max_attempts) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (kind, key) WHERE key IS NOT NULL AND ${ACTIVE} DO NOTHING RETURNING ${COLUMNS}`,
      [id, kind, userId, key, JSON.stringify(payload ?? {}), maxAttempts],
    );
  }

  find(id: string): Promise<Job | undefined> {
    return this.one(`SELECT ${COLUMNS} FROM jobs WHERE id = $1`, [id]);
  }

  findOwned(userId: string, id: string): Promise<Job | undefined> {
    return this.one(`SELECT ${COLUMNS} FROM jobs WHERE id = $1 AND user_id = $2`, [id, userId]);
  }

  findActive(kind: string, key: string): Promise<Job | undefined> {
    return this.one(`SELECT ${COLUMNS} FROM jobs WHERE kind = $1 AND key = $2 AND ${ACTIVE}`, [kind, key]);
  }

  activeOfUser(userId: string, kinds?: readonly string[]): Promise<Job[]> {
    return this.rows(
      `SELECT ${COLUMNS} FROM jobs
       WHERE user_id = $1 AND ($2::text[] IS NULL OR kind = ANY($2)) AND ${ACTIVE} ORDER BY id`,
      [userId, kinds ?? null],
    );
  }

  /** Whether there is something to claim, though others may be about to. */
  async hasDue({ kinds, id, orphanedAfterMs }: ClaimRequest): Promise<boolean> {
    const due = await this.rows<object>(`SELECT 1 FROM jobs WHERE ${DUE} LIMIT 1`, [
      kinds,
      id ?? null,
      orphanedAfterMs / 1_000,
    ]);
    return due.length > 0;
  }

  /** Makes the worker the only one that runs a job which is due, or whose worker is gone. Undefined: there is none. */
  async claim({ worker, kinds, id, orphanedAfterMs }: ClaimRequest): Promise<Job | undefined> {
    return this.one(
      `WITH next AS (
         SELECT id AS next_id FROM jobs WHERE ${DUE}
         ORDER BY resume_at LIMIT 1 FOR UPDATE SKIP LOCKED
       ), claimed AS (
         UPDATE jobs SET status = 'running', worker = $4, fence = fence + 1, attempts = attempts + 1,
           heartbeat_at = clock_timestamp(), started_at = coalesce(started_at, clock_timestamp()), updated_at = now()
         FROM next WHERE id = next_id RETURNING jobs.*
       ) SELECT ${COLUMNS} FROM claimed`,
      [kinds, id ?? null, orphanedAfterMs / 1_000, worker],
    );
  }

  /**
   * Keeps where the job stands. What is shown never goes back: progress may be saved late, after a later one.
   * False when the claim was lost.
   */
  async save({ id, fence }: Claim, progress: JobProgress, checkpoint?: { value: unknown }): Promise<boolean> {
    return this.changed(
      `UPDATE jobs SET progress = CASE WHEN (progress ->> 'percent')::float8 > ($3::jsonb ->> 'percent')::float8
           THEN progress ELSE $3::jsonb END, heartbeat_at = clock_timestamp(), updated_at = now(),
         checkpoint = CASE WHEN $4 THEN $5::jsonb ELSE checkpoint END WHERE ${HELD}`,
      [
        id,
        fence,
        JSON.stringify(progress),
        checkpoint !== undefined,
        JSON.stringify(checkpoint?.value ?? null),
      ],
    );
  }

  /** Inside a transaction: nobody claims, releases or ends it before the end of that. Undefined when the claim was lost. */
  async hold({ id, fence }: Claim): Promise<Job | undefined> {
    return this.one(`SELECT ${COLUMNS} FROM jobs WHERE ${SAME} FOR SHARE`, [id, fence]);
  }

  /** One that is to be cancelled, which its worker was not told in time, is due at once: the next run ends it. */
  async release({ id, fence }: Claim, { status, resumeInMs, uncounted }: Release): Promise<boolean> {
    return this.changed(
      `UPDATE jobs SET status = $3, resume_at = clock_timestamp()
           + CASE WHEN cancel_requested_at IS NULL THEN make_interval(secs => $4) ELSE interval '0' END,
         attempts = attempts - $5, worker = NULL, heartbeat_at = NULL, updated_at = now() WHERE ${HELD}`,
      [id, fence, status, resumeInMs / 1_000, uncounted ? 1 : 0],
    );
  }

  /** It is taken up again then, and not before: also one whose worker is gone. Undefined when it was taken meanwhile. */
  countRefusal({ id, fence }: Claim, resumeInMs: number): Promise<Job | undefined> {
    return this.one(
      `WITH refused AS (
         UPDATE jobs SET attempts = attempts + 1, resume_at = clock_timestamp() + make_interval(secs => $3),
           heartbeat_at = CASE WHEN status = 'running' THEN clock_timestamp() END, updated_at = now()
         WHERE ${SAME} RETURNING jobs.*
       ) SELECT ${COLUMNS} FROM refused`,
      [id, fence, resumeInMs / 1_000],
    );
  }

  /** Ends a claimed job. Undefined when the claim was lost. */
  end({ id, fence }: Claim, end: JobEnd): Promise<Job | undefined> {
    return this.endWhere(HELD, [id, fence], end);
  }

  /** Ends one that cannot be taken. Undefined when it was taken meanwhile. */
  endUntaken({ id, fence }: Claim, end: JobEnd): Promise<Job | undefined> {
    return this.endWhere(SAME, [id, fence], end);
  }

  /** Ends one that no worker has. Undefined when one has it meanwhile, or it has ended. */
  endIdle(id: string, end: JobEnd): Promise<Job | undefined> {
    return this.endWhere(`id = $1 AND fence >= $2 AND ${IDLE}`, [id, 0], end);
  }

  /** False when no worker has it. */
  async requestCancel(id: string): Promise<boolean> {
    return this.changed(
      `UPDATE jobs SET cancel_requested_at = coalesce(cancel_requested_at, now()) WHERE id = $1 AND status = 'running'`,
      [id],
    );
  }

  /**
   * Shows that the worker lives. Answers the claims that it still has; a row that a transaction of the job's own holds
   * is not waited for.
   */
  async beat(claims: readonly Claim[]): Promise<{ id: string; fence: number; cancelled: boolean }[]> {
    return this.rows(
      `WITH mine AS (SELECT * FROM unnest($1::uuid[], $2::int[]) AS m (mine_id, mine_fence)),
       free AS (
         SELECT id AS free_id FROM jobs JOIN mine ON id = mine_id AND fence = mine_fence
         WHERE status = 'running' FOR UPDATE OF jobs SKIP LOCKED
       ), beaten AS (UPDATE jobs SET heartbeat_at = clock_timestamp() FROM free WHERE id = free_id)
       SELECT id, fence, cancel_requested_at IS NOT NULL AS cancelled
       FROM jobs JOIN mine ON id = mine_id AND fence = mine_fence WHERE status = 'running'`,
      [claims.map(({ id }) => id), claims.map(({ fence }) => fence)],
    );
  }

  /** Jobs whose worker is gone and that have had all their attempts. */
  exhausted(orphanedAfterMs: number, limit: number): Promise<Job[]> {
    return this.rows(
      `SELECT ${COLUMNS} FROM jobs WHERE status = 'running' AND attempts >= max_attempts
         AND heartbeat_at < clock_timestamp() - make_interval(secs => $1) ORDER BY heartbeat_at LIMIT $2`,
      [orphanedAfterMs / 1_000, limit],
    );
  }

  async removeEnded(keptMs: number, limit: number): Promise<number> {
    const removed = await this.rows<{ count: number }>(
      `WITH old AS (
         DELETE FROM jobs WHERE ctid IN (
           SELECT ctid FROM jobs WHERE ended_at < now() - make_interval(secs => $1) LIMIT $2 FOR UPDATE SKIP LOCKED
         ) RETURNING 1
       ) SELECT count(*)::int AS count FROM old`,
      [keptMs / 1_000, limit],
    );
    return removed[0]?.count ?? 0;
  }

  countActive(): Promise<JobCount[]> {
    return this.rows(
      `SELECT kind, status, count(*)::int AS count FROM jobs WHERE ${ACTIVE} GROUP BY kind, status`,
      [],
    );
  }

  /** How long the oldest job that could run has been waiting for a worker. */
  async oldestDueSeconds(): Promise<number> {
    const rows = await this.rows<{ seconds: number | null }>(
      `SELECT extract(epoch FROM clock_timestamp() - min(resume_at))::float8 AS seconds FROM jobs WHERE ${IDLE}`,
      [],
    );
    return Math.max(0, rows[0]?.seconds ?? 0);
  }

  private endWhere(where: string, guard: [string, number], end: JobEnd): Promise<Job | undefined> {
    const result = end.status === 'succeeded' ? (end.result ?? null) : null;
    const error = end.status === 'failed' ? end.error : null;
    return this.one(
      `WITH ended AS (
         UPDATE jobs SET status = $3, result = $4, error = $5, worker = NULL, heartbeat_at = NULL,
           progress = CASE WHEN $3 = 'succeeded' THEN jsonb_set(progress, '{percent}', '100') ELSE progress END,
           ended_at = clock_timestamp(), updated_at = now() WHERE ${where} RETURNING jobs.*
       ) SELECT ${COLUMNS} FROM ended`,
      [...guard, end.status, result && JSON.stringify(result), error && JSON.stringify(error)],
    );
  }

  private async one(sql: string, parameters: unknown[]): Promise<Job | undefined> {
    return (await this.rows<Job>(sql, parameters))[0];
  }

  private async changed(update: string, parameters: unknown[]): Promise<boolean> {
    const sql = `WITH changed AS (${update} RETURNING 1) SELECT 1 FROM changed`;
    return (await this.rows<object>(sql, parameters)).length > 0;
  }

  private rows<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.database.manager.query<Row[]>(sql, parameters);
  }
}
