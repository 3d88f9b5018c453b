import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
ALTER TABLE generations ADD COLUMN client_request_id text;
CREATE UNIQUE INDEX generations_client_request_key ON generations (user_id, client_request_id)
  WHERE client_request_id IS NOT NULL;
`;

/** A regeneration that was asked for over a socket and is asked for again is the same one. */
export class RegenerationRequests0004 implements MigrationInterface {
  readonly name = 'RegenerationRequests0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
