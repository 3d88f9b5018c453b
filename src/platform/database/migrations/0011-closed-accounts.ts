import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables whose rows belong to a user. Characters name theirs by another column. */
const OWNED = ['api_keys', 'characters', 'conversations', 'refresh_tokens', 'user_avatars', 'user_exports'];

// The lock waits for a closing that is under way, and a closing waits for it: what is written before is erased, and
// nothing is written after, however long ago the request was let in.
const UP = `
CREATE FUNCTION refuse_closed_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  owner uuid;
  closed_at timestamptz;
BEGIN
  IF TG_TABLE_NAME = 'characters' THEN owner := NEW.creator_id; ELSE owner := NEW.user_id; END IF;
  SELECT deleted_at INTO closed_at FROM users WHERE id = owner FOR KEY SHARE;
  IF closed_at IS NOT NULL THEN
    RAISE EXCEPTION 'the account is closed' USING ERRCODE = 'RP001';
  END IF;
  RETURN NEW;
END
$$;
${OWNED.map(
  (table) => `CREATE TRIGGER ${table}_of_open_accounts BEFORE INSERT ON ${table}
  FOR EACH ROW EXECUTE FUNCTION refuse_closed_account();`,
).join('\n')}

CREATE TABLE closed_identities (
  digest    bytea PRIMARY KEY,
  user_id   uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  closed_at timestamptz NOT NULL DEFAULT now()
);
`;

/** Nothing is added to a closed account, and its tokens of another issuer open no new one. */
export class ClosedAccounts0011 implements MigrationInterface {
  readonly name = 'ClosedAccounts0000000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
