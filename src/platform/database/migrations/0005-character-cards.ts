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

INSERT INTO character_days
  (character_id, day, slot, conversations, messages, replies, reply_ms, tokens, last_active_at)
SELECT character_id, (at AT TIME ZONE 'UTC')::date, 0, sum(conversations), sum(messages), sum(replies),
       sum(reply_ms), sum(tokens), max(at)
FROM (
  SELECT character_id, created_at AS at, 1 AS conversations, 0 AS messages, 0 AS replies, 0 AS reply_ms, 0 AS tokens
  FROM conversations
  UNION ALL
  SELECT c.character_id, m.created_at, 0, 1, 0, 0, 0 FROM messages m JOIN conversations c ON c.id = m.conversation_id
  UNION ALL
  SELECT character_id, completed_at, 0, 0, 1, extract(epoch FROM completed_at - created_at) * 1000,
         coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)
  FROM generations WHERE status = 'completed' AND completed_at IS NOT NULL
) AS activity
GROUP BY 1, 2;

INSERT INTO character_visitors (character_id, user_id, last_day)
SELECT character_id, user_id, max((last_activity_at AT TIME ZONE 'UTC')::date) FROM conversations GROUP BY 1, 2;
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
