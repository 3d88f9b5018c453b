import type { MigrationInterface, QueryRunner } from 'typeorm';

// Rows without a user are of limits that count the application as a whole.
const UP = `
CREATE TABLE provider_quotas (
  platform      text NOT NULL,
  user_id       uuid REFERENCES users (id) ON DELETE CASCADE,
  quota         int,
  remaining     int,
  resets_at     timestamptz,
  blocked_until timestamptz,
  source        text NOT NULL CONSTRAINT provider_quotas_source_check CHECK (source IN ('header', '429')),
  observed_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT provider_quotas_key UNIQUE NULLS NOT DISTINCT (user_id, platform)
);
CREATE TRIGGER provider_quotas_of_open_accounts BEFORE INSERT ON provider_quotas
  FOR EACH ROW EXECUTE FUNCTION refuse_closed_account();
`;

/** What platforms said of their limits. */
export class ProviderQuotas0014 implements MigrationInterface {
  readonly name = 'ProviderQuotas0000000000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
