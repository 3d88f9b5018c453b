import type { MigrationInterface, QueryRunner } from 'typeorm';

// Inputs are numbered over all rows: a computation that began before its row was removed and made anew must not meet
// the same number in the next one.
const UP = `
CREATE SEQUENCE soul_signature_inputs;

CREATE TABLE soul_signatures (
  user_id           uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  inputs            bigint NOT NULL DEFAULT nextval('soul_signature_inputs'),
  -- Of which inputs the rest was made; another number: it is stale.
  computed_inputs   bigint,
  version           int NOT NULL DEFAULT 0,
  algorithm_version text,
  inputs_hash       text,
  items             int NOT NULL DEFAULT 0,
  dimensions        jsonb,
  clusters          jsonb,
  computed_at       timestamptz
);
CREATE TRIGGER soul_signatures_of_open_accounts BEFORE INSERT ON soul_signatures
  FOR EACH ROW EXECUTE FUNCTION refuse_closed_account();
`;

/** What is computed of people from what their platforms tell. */
export class SoulSignatures0016 implements MigrationInterface {
  readonly name = 'SoulSignatures0000000000016';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
