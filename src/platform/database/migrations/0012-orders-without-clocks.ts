import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables whose rows stood in the order of their ids, which processes make by their clocks. */
const NUMBERED = ['generations', 'message_edits'];

// Rows that are there have 0 and stay in the order of their ids: no table is rewritten.
const ORDINALS = NUMBERED.map(
  (table) => `
ALTER TABLE ${table} ADD COLUMN ordinal bigint NOT NULL DEFAULT 0;
CREATE SEQUENCE ${table}_ordinal_seq OWNED BY ${table}.ordinal;
ALTER TABLE ${table} ALTER COLUMN ordinal SET DEFAULT nextval('${table}_ordinal_seq');
`,
).join('');

const LATE_REPLIES = `
ALTER TABLE conversation_branches ADD COLUMN late_seq int;
UPDATE conversation_branches b SET late_seq = late.seq FROM (
  SELECT f.conversation_id, f.branch, max(m.seq) AS seq
  FROM conversation_branches f JOIN messages m ON m.conversation_id = f.conversation_id AND m.branch = f.parent
    AND m.pos BETWEEN f.fork_pos - 128 AND f.fork_pos AND m.seq > f.fork_seq AND m.deleted_at IS NULL
  GROUP BY f.conversation_id, f.branch
) late WHERE late.conversation_id = b.conversation_id AND late.branch = b.branch;
CREATE INDEX conversation_branches_late_idx ON conversation_branches (conversation_id) WHERE late_seq IS NOT NULL;
`;

/**
 * Replies and edits are numbered by the database. A branch knows the newest reply that came after it had begun and stands
 * before the place where it left its parent.
 */
export class OrdersWithoutClocks0012 implements MigrationInterface {
  readonly name = 'OrdersWithoutClocks0000000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ORDINALS);
    await runner.query(LATE_REPLIES);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
