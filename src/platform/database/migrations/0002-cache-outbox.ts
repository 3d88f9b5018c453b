import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE cache_outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry      text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
`;

/** Evicts that Redis could not be told of before the commit of the write that needs them. */
export class CacheOutbox0002 implements MigrationInterface {
  readonly name = 'CacheOutbox0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
