import type { MigrationInterface, QueryRunner } from 'typeorm';

// A substring search that needs no extension: what pg_trgm does, on the embedded database too. Declared immutable, as an
// index needs it: it reads nothing but its argument.
const SEARCH = `
CREATE FUNCTION text_trigrams(source text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT coalesce(array_agg(DISTINCT substr(source, start, 3)), '{}')
  FROM generate_series(1, length(source) - 2) AS start
$$;

CREATE INDEX characters_search_idx ON characters
  USING gin (text_trigrams(lower(name || chr(10) || left(description, 2000))));
DROP INDEX characters_creator_id_idx;
CREATE INDEX characters_creator_recent_idx ON characters (creator_id, created_at DESC, id DESC);
`;

const CARDS = `
ALTER TABLE characters
  ADD COLUMN card                jsonb NOT NULL DEFAULT
    '{"data": {"tags": [], "creator": "", "character_version": "", "extensions": {}, "group_only_greetings": []}, "envelope": {}}',
  ADD COLUMN lorebook            jsonb,
  ADD COLUMN lorebook_version    int NOT NULL DEFAULT 1,
  ADD COLUMN personality_profile jsonb NOT NULL DEFAULT '{"traits": [], "tone": "", "style": ""}',
  ADD COLUMN personality_version int NOT NULL DEFAULT 1,
  ADD COLUMN prompt_version      int NOT NULL DEFAULT 1;
`;

const GALLERY = `
CREATE TABLE blobs (
  sha256     text PRIMARY KEY,
  size       int NOT NULL,
  content    bytea NOT NULL,
  touched_at timestamptz NOT NULL DEFAULT now()
);
-- Pictures are compressed already.
ALTER TABLE blobs ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX blobs_touched_at_idx ON blobs (touched_at);

CREATE TABLE character_assets (
  id           uuid PRIMARY KEY,
  character_id uuid NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
  type         text NOT NULL,
  name         text NOT NULL,
  ext          text NOT NULL,
  media_type   text NOT NULL,
  sha256       text NOT NULL CONSTRAINT character_assets_blob_fkey REFERENCES blobs (sha256),
  size         int NOT NULL,
  width        int NOT NULL,
  height       int NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX character_assets_character_id_idx ON character_assets (character_id, id);
CREATE INDEX character_assets_sha256_idx ON character_assets (sha256);
`;

// Many people write to one popular character at once: its day is spread over several rows, so that they do not wait for
// each other.
const STATISTICS = `
CREATE TABLE character_days (
  character_id   uuid NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
  day            date NOT NULL,
  slot           smallint NOT NULL,
  conversations  int NOT NULL DEFAULT 0,
  messages       int NOT NULL DEFAULT 0,
  replies        int NOT NULL DEFAULT 0,
  reply_ms       bigint NOT NULL DEFAULT 0,
  tokens         bigint NOT NULL DEFAULT 0,
  last_active_at timestamptz NOT NULL,
  PRIMARY KEY (character_id, day, slot)
);

CREATE TABLE character_visitors (
  character_id uuid NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
  user_id      uuid NOT NULL,
  last_day     date NOT NULL,
  PRIMARY KEY (character_id, user_id)
);
CREATE INDEX character_visitors_last_day_idx ON character_visitors (character_id, last_day);

CREATE TABLE character_days_reconciled (
  day           date PRIMARY KEY,
  reconciled_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX conversations_created_at_idx ON conversations USING brin (created_at);
CREATE INDEX messages_created_at_idx ON messages USING brin (created_at);
CREATE INDEX generations_created_at_idx ON generations USING brin (created_at);
`;

/** Whole cards with lorebook and personality, galleries, what characters are used for, and a search that has an index. */
export class CharacterCards0005 implements MigrationInterface {
  readonly name = 'CharacterCards0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const statements of [CARDS, GALLERY, STATISTICS, SEARCH]) await runner.query(statements);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
