import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What `skeletonOf` of the users' rules does with a normalised username. */
const SKELETON = `replace(replace(translate(username_normalized, 'i10', 'llo'), 'm', 'rn'), 'w', 'vv')`;

// Of accounts that look alike already, the oldest holds the skeleton; the others keep their names.
const UP = `
ALTER TABLE users ADD COLUMN username_skeleton text;
UPDATE users SET username_skeleton = ${SKELETON}
  WHERE id IN (SELECT DISTINCT ON (${SKELETON}) id FROM users ORDER BY ${SKELETON}, created_at, id);
ALTER TABLE users ADD CONSTRAINT users_username_skeleton_key UNIQUE (username_skeleton);

ALTER TABLE users ADD COLUMN erased_at timestamptz;
CREATE INDEX users_deleted_at_idx ON users (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE user_avatars (
  token      text NOT NULL,
  size       int NOT NULL,
  user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  content    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (token, size)
);
CREATE INDEX user_avatars_user_id_idx ON user_avatars (user_id);

CREATE TABLE user_exports (
  job_id     uuid PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  ready_at   timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX user_exports_user_id_idx ON user_exports (user_id);
CREATE INDEX user_exports_expires_at_idx ON user_exports (expires_at);

CREATE TABLE user_export_parts (
  job_id   uuid NOT NULL REFERENCES user_exports (job_id) ON DELETE CASCADE,
  position int NOT NULL,
  file     text NOT NULL,
  content  bytea NOT NULL,
  PRIMARY KEY (job_id, position)
);
`;

/** Look-alike usernames, erased accounts, avatars, and what a person may take along. */
export class Accounts0010 implements MigrationInterface {
  readonly name = 'Accounts0000000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
