import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables to which nothing is added for a closed account. What is to be revoked may be noted while it is erased. */
const OWNED = ['connector_accounts', 'connector_authorizations'];

// Versions of tokens are numbered over all rows: what was begun with a connection that was ended since must not meet
// the same number in the next one. Tokens and verifiers are sealed by the service, and of states and browsers only
// digests are kept.
const UP = `
CREATE SEQUENCE connector_token_versions;

CREATE TABLE connector_accounts (
  user_id               uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  platform              text NOT NULL,
  status                text NOT NULL CONSTRAINT connector_accounts_status_check
                          CHECK (status IN ('connected', 'needs_reauth', 'error')),
  error_code            text,
  scopes                text[] NOT NULL,
  account_id            text NOT NULL,
  account_name          text,
  profile_url           text,
  picture_url           text,
  access_token          text NOT NULL,
  refresh_token         text,
  expires_at            timestamptz,
  token_version         bigint NOT NULL DEFAULT nextval('connector_token_versions'),
  refresh_claim         uuid,
  refresh_claimed_until timestamptz,
  last_sync_at          timestamptz,
  last_sync_status      text,
  connected_at          timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, platform)
);

CREATE TABLE connector_authorizations (
  state_digest   bytea PRIMARY KEY,
  user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  platform       text NOT NULL,
  browser_digest bytea NOT NULL,
  verifier       text NOT NULL,
  redirect_uri   text NOT NULL,
  return_url     text NOT NULL,
  scopes         text[] NOT NULL,
  forced         boolean NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  expires_at     timestamptz NOT NULL,
  used_at        timestamptz,
  answer_digest  bytea,
  outcome        jsonb
);
CREATE INDEX connector_authorizations_user_id_idx ON connector_authorizations (user_id, platform);
CREATE INDEX connector_authorizations_expires_at_idx ON connector_authorizations (expires_at);

CREATE TABLE connector_revocations (
  id            uuid PRIMARY KEY,
  user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  platform      text NOT NULL,
  account_id    text,
  access_token  text NOT NULL,
  refresh_token text,
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX connector_revocations_user_id_idx ON connector_revocations (user_id);

${OWNED.map(
  (table) => `CREATE TRIGGER ${table}_of_open_accounts BEFORE INSERT ON ${table}
  FOR EACH ROW EXECUTE FUNCTION refuse_closed_account();`,
).join('\n')}
`;

/** Accounts of people on other platforms, authorisations that are under way, and grants that are to be given back. */
export class Connectors0013 implements MigrationInterface {
  readonly name = 'Connectors0000000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
