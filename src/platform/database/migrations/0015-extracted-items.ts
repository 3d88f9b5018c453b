import type { MigrationInterface, QueryRunner } from 'typeorm';

const OWNED = ['connector_items', 'connector_syncs'];

const UP = `
CREATE TABLE connector_items (
  user_id  uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  platform text NOT NULL,
  kind     text NOT NULL,
  item_id  text NOT NULL,
  at       timestamptz,
  title    text,
  labels   text[] NOT NULL,
  weight   real NOT NULL,
  -- The job that read it last. No foreign key: jobs are forgotten sooner.
  job_id   uuid NOT NULL,
  seen_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, platform, kind, item_id)
);

-- What was read last as a whole, and where the next reading may begin.
CREATE TABLE connector_syncs (
  user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  platform   text NOT NULL,
  kind       text NOT NULL,
  job_id     uuid NOT NULL,
  began_at   timestamptz NOT NULL,
  PRIMARY KEY (user_id, platform, kind)
);

${OWNED.map(
  (table) => `CREATE TRIGGER ${table}_of_open_accounts BEFORE INSERT ON ${table}
  FOR EACH ROW EXECUTE FUNCTION refuse_closed_account();`,
).join('\n')}

-- Serves what the one without the kind did, and lists of one kind.
DROP INDEX jobs_by_user;
CREATE INDEX jobs_by_user_and_kind ON jobs (user_id, kind, id) WHERE user_id IS NOT NULL;
`;

/** What was extracted from the platforms that people connect. */
export class ExtractedItems0015 implements MigrationInterface {
  readonly name = 'ExtractedItems0000000000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
