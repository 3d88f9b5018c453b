import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE api_keys (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name         text NOT NULL,
  prefix       text NOT NULL CONSTRAINT api_keys_prefix_key UNIQUE,
  secret_hash  bytea NOT NULL,
  scopes       text[] NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id, id);
`;

/** Keys with which people's own programs call the API. */
export class ApiKeys0009 implements MigrationInterface {
  readonly name = 'ApiKeys0000000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
