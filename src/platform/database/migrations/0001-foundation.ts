import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
CREATE TABLE users (
  id                  uuid PRIMARY KEY,
  email               text,
  email_normalized    text CONSTRAINT users_email_normalized_key UNIQUE,
  username            text NOT NULL,
  username_normalized text NOT NULL CONSTRAINT users_username_normalized_key UNIQUE,
  display_name        text NOT NULL DEFAULT '',
  bio                 text NOT NULL DEFAULT '',
  avatar_url          text,
  locale              text,
  timezone            text,
  password_hash       text,
  role                text NOT NULL DEFAULT 'user' CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
  tier                text NOT NULL DEFAULT 'free' CONSTRAINT users_tier_check CHECK (tier IN ('free', 'premium')),
  tier_since          timestamptz NOT NULL DEFAULT now(),
  version             int NOT NULL DEFAULT 1,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  deleted_at          timestamptz
);

CREATE TABLE user_identities (
  issuer     text NOT NULL,
  subject    text NOT NULL,
  user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_user_id_idx ON user_identities (user_id);

CREATE TABLE refresh_tokens (
  id         uuid PRIMARY KEY,
  family_id  uuid NOT NULL,
  user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL CONSTRAINT refresh_tokens_token_hash_key UNIQUE,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);

CREATE TABLE characters (
  id                        uuid PRIMARY KEY,
  creator_id                uuid REFERENCES users (id) ON DELETE SET NULL,
  name                      text NOT NULL,
  description               text NOT NULL DEFAULT '',
  personality               text NOT NULL DEFAULT '',
  scenario                  text NOT NULL DEFAULT '',
  first_message             text NOT NULL DEFAULT '',
  alternate_greetings       jsonb NOT NULL DEFAULT '[]',
  example_dialogue          text NOT NULL DEFAULT '',
  system_prompt             text NOT NULL DEFAULT '',
  post_history_instructions text NOT NULL DEFAULT '',
  creator_notes             text NOT NULL DEFAULT '',
  tags                      text[] NOT NULL DEFAULT '{}',
  visibility                text NOT NULL DEFAULT 'private'
                            CONSTRAINT characters_visibility_check CHECK (visibility IN ('public', 'unlisted', 'private')),
  conversation_count        int NOT NULL DEFAULT 0,
  version                   int NOT NULL DEFAULT 1,
  created_at                timestamptz NOT NULL DEFAULT now(),
  updated_at                timestamptz NOT NULL DEFAULT now(),
  deleted_at                timestamptz
);
CREATE INDEX characters_recent_idx ON characters (visibility, created_at DESC, id DESC);
CREATE INDEX characters_popular_idx ON characters (visibility, conversation_count DESC, id DESC);
CREATE INDEX characters_name_idx ON characters (visibility, lower(name), id);
CREATE INDEX characters_creator_id_idx ON characters (creator_id);
CREATE INDEX characters_tags_idx ON characters USING gin (tags);

CREATE TABLE conversations (
  id                   uuid PRIMARY KEY,
  user_id              uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  character_id         uuid NOT NULL REFERENCES characters (id) ON DELETE RESTRICT,
  title                text NOT NULL DEFAULT '',
  metadata             jsonb NOT NULL DEFAULT '{}',
  metadata_version     int NOT NULL DEFAULT 1,
  last_seq             int NOT NULL DEFAULT 0,
  read_seq             int NOT NULL DEFAULT 0,
  last_message_preview text NOT NULL DEFAULT '',
  last_activity_at     timestamptz NOT NULL DEFAULT now(),
  archived_at          timestamptz,
  version              int NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  deleted_at           timestamptz
);
CREATE INDEX conversations_user_activity_idx ON conversations (user_id, last_activity_at DESC, id DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX conversations_user_character_idx ON conversations (user_id, character_id);
CREATE INDEX conversations_character_id_idx ON conversations (character_id);

CREATE TABLE messages (
  id                uuid PRIMARY KEY,
  conversation_id   uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  seq               int NOT NULL,
  role              text NOT NULL CONSTRAINT messages_role_check CHECK (role IN ('user', 'character')),
  sender_id         uuid,
  client_message_id text,
  kind              text NOT NULL DEFAULT 'text'
                    CONSTRAINT messages_kind_check CHECK (kind IN ('text', 'audio', 'media')),
  text              text NOT NULL,
  attachments       jsonb NOT NULL DEFAULT '[]',
  reply_to          uuid,
  parent_id         uuid,
  generation_id     uuid,
  active            boolean NOT NULL DEFAULT true,
  status            text NOT NULL DEFAULT 'completed',
  finish_reason     text,
  prompt_tokens     int,
  completion_tokens int,
  edited_at         timestamptz,
  deleted_at        timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT messages_conversation_seq_key UNIQUE (conversation_id, seq),
  CONSTRAINT messages_client_message_key UNIQUE (conversation_id, sender_id, client_message_id)
);

CREATE TABLE message_edits (
  id         uuid PRIMARY KEY,
  message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  text       text NOT NULL,
  edited_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX message_edits_message_id_idx ON message_edits (message_id);

CREATE TABLE generations (
  id                  uuid PRIMARY KEY,
  conversation_id     uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  parent_message_id   uuid NOT NULL,
  reply_message_id    uuid NOT NULL,
  user_id             uuid NOT NULL,
  character_id        uuid NOT NULL,
  status              text NOT NULL CONSTRAINT generations_status_check
                      CHECK (status IN ('queued', 'streaming', 'completed', 'cancelled', 'failed')),
  parameters          jsonb NOT NULL DEFAULT '{}',
  text                text NOT NULL DEFAULT '',
  finish_reason       text,
  error               jsonb,
  prompt_tokens       int,
  completion_tokens   int,
  prompt_version      int,
  reservation_id      uuid,
  instance            text,
  heartbeat_at        timestamptz,
  cancel_requested_at timestamptz,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  completed_at        timestamptz
);
CREATE INDEX generations_conversation_id_idx ON generations (conversation_id);
CREATE UNIQUE INDEX generations_one_streaming_key ON generations (conversation_id) WHERE status = 'streaming';
CREATE INDEX generations_status_heartbeat_idx ON generations (status, heartbeat_at);

CREATE TABLE usage_counters (
  user_id      uuid NOT NULL,
  character_id uuid NOT NULL,
  day          date NOT NULL,
  kind         text NOT NULL,
  used         int NOT NULL DEFAULT 0,
  reserved     int NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, character_id, day, kind),
  CONSTRAINT usage_counters_not_negative_check CHECK (used >= 0 AND reserved >= 0)
);

CREATE TABLE usage_reservations (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL,
  character_id uuid NOT NULL,
  day          date NOT NULL,
  kind         text NOT NULL,
  quantity     int NOT NULL,
  status       text NOT NULL CONSTRAINT usage_reservations_status_check
               CHECK (status IN ('reserved', 'committed', 'released', 'expired')),
  event_id     text CONSTRAINT usage_reservations_event_id_key UNIQUE,
  tokens       int,
  expires_at   timestamptz NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  settled_at   timestamptz
);
CREATE INDEX usage_reservations_status_expires_idx ON usage_reservations (status, expires_at);
CREATE INDEX usage_reservations_user_day_idx ON usage_reservations (user_id, day);

CREATE TABLE idempotency_keys (
  principal        text NOT NULL,
  method           text NOT NULL,
  path             text NOT NULL,
  key              text NOT NULL,
  fingerprint      text NOT NULL,
  state            text NOT NULL CONSTRAINT idempotency_keys_state_check CHECK (state IN ('in-progress', 'done')),
  response_status  int,
  response_headers jsonb,
  response_body    text,
  locked_until     timestamptz,
  expires_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (principal, method, path, key)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
`;

/** Users, refresh tokens, characters, conversations with their messages and generations, usage, idempotency keys. */
export class Foundation0001 implements MigrationInterface {
  readonly name = 'Foundation0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
