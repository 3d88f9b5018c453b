import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE event_outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream     text NOT NULL,
  event      jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_outbox_stream_idx ON event_outbox (stream, id);
`;

/** Events that are committed with what they tell of, until the shared log has them. */
export class EventOutbox0003 implements MigrationInterface {
  readonly name = 'EventOutbox0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
