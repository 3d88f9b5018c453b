import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE usage_revisions (
  user_id   uuid PRIMARY KEY,
  revision  int NOT NULL,
  first_day date NOT NULL
);
INSERT INTO usage_revisions (user_id, revision, first_day)
SELECT user_id, count(*)::int, min(day) FROM usage_reservations WHERE status = 'committed' GROUP BY user_id;
CREATE INDEX usage_revisions_first_day_idx ON usage_revisions (first_day);

ALTER TABLE usage_counters ADD COLUMN told_percent int NOT NULL DEFAULT 0;
CREATE INDEX usage_counters_day_idx ON usage_counters (day, character_id, user_id);

CREATE INDEX usage_reservations_charged_idx ON usage_reservations (user_id, created_at) WHERE status = 'committed';
CREATE INDEX usage_reservations_charged_at_idx ON usage_reservations (created_at) WHERE status = 'committed';
`;

/** A number for each state of a user's charges, which says whether statistics kept elsewhere are up to date. */
export class UsageStatistics0007 implements MigrationInterface {
  readonly name = 'UsageStatistics0000000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
