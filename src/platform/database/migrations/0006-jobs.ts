import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE jobs (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  -- No foreign key: the job that removes an account outlives it.
  user_id uuid,
  key text,
  status text NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
  progress jsonb NOT NULL DEFAULT '{"percent": 0}',
  payload jsonb NOT NULL,
  checkpoint jsonb,
  result jsonb,
  error jsonb,
  attempts int NOT NULL DEFAULT 0,
  max_attempts int NOT NULL,
  worker text,
  fence int NOT NULL DEFAULT 0,
  heartbeat_at timestamptz,
  resume_at timestamptz NOT NULL DEFAULT now(),
  cancel_requested_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  ended_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX jobs_active_key ON jobs (kind, key)
  WHERE key IS NOT NULL AND status IN ('queued', 'running', 'waiting');
CREATE INDEX jobs_due ON jobs (resume_at) WHERE status IN ('queued', 'waiting');
CREATE INDEX jobs_running ON jobs (heartbeat_at) WHERE status = 'running';
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_by_user ON jobs (user_id, id) WHERE user_id IS NOT NULL;
`;

/** Background jobs; the rows are the truth, whatever wakes a worker. */
export class Jobs0006 implements MigrationInterface {
  readonly name = 'Jobs0000000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
