import type { MigrationInterface, QueryRunner } from 'typeorm';

const BRANCHES = `
ALTER TABLE messages
  ADD COLUMN branch int NOT NULL DEFAULT 0,
  ADD COLUMN pos int NOT NULL DEFAULT 0,
  ADD COLUMN owner_id uuid;
ALTER TABLE conversations
  ADD COLUMN active_branch int NOT NULL DEFAULT 0,
  ADD COLUMN content_changes int NOT NULL DEFAULT 0;
ALTER TABLE generations ADD COLUMN asked_seq int;

CREATE TABLE conversation_branches (
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  branch          int NOT NULL,
  parent          int NOT NULL,
  fork_seq        int NOT NULL,
  fork_pos        int NOT NULL,
  PRIMARY KEY (conversation_id, branch)
);

UPDATE messages m SET
  owner_id = c.user_id,
  pos = CASE WHEN m.role = 'character' AND p.role = 'user' THEN 2 * p.seq + 1 ELSE 2 * m.seq END,
  branch = CASE WHEN m.active THEN 0 ELSE m.seq END
FROM conversations c, messages self LEFT JOIN messages p ON p.id = self.parent_id
WHERE c.id = m.conversation_id AND self.id = m.id;

INSERT INTO conversation_branches (conversation_id, branch, parent, fork_seq, fork_pos)
SELECT m.conversation_id, m.seq, 0, p.seq, p.pos
FROM messages m JOIN messages p ON p.id = m.parent_id WHERE NOT m.active;

CREATE INDEX messages_path_idx ON messages (conversation_id, branch, seq) WHERE deleted_at IS NULL;
CREATE INDEX messages_position_idx ON messages (conversation_id, branch, pos) WHERE deleted_at IS NULL;
CREATE INDEX messages_parent_id_idx ON messages (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX generations_active_idx ON generations (conversation_id, id) WHERE status IN ('queued', 'streaming');
CREATE INDEX generations_parent_message_id_idx ON generations (parent_message_id);
`;

// The owner is one of the words, so that a search reads no further than one person's messages. Every search reads what
// is pending in the index, hence the small limit.
const SEARCH = `
ALTER TABLE messages ADD COLUMN search tsvector GENERATED ALWAYS AS (
  CASE WHEN deleted_at IS NULL AND owner_id IS NOT NULL
    THEN to_tsvector('simple'::regconfig, text) || array_to_tsvector(ARRAY[chr(1) || owner_id::text]) END
) STORED;
CREATE INDEX messages_search_idx ON messages USING gin (search) WITH (gin_pending_list_limit = 256);
`;

const SUMMARIES = `
CREATE TABLE conversation_summaries (
  conversation_id    uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
  text               text NOT NULL,
  covers_through_seq int NOT NULL,
  branch             int NOT NULL,
  pos                int NOT NULL,
  stale              boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL DEFAULT now()
);
`;

/**
 * Branches of a conversation: a message stands at `pos` of its branch (a reply right behind what it answers), a branch
 * leaves its parent behind `fork_pos`. Full-text search in one's own messages. Summaries.
 */
export class BranchesSearchSummaries0008 implements MigrationInterface {
  readonly name = 'BranchesSearchSummaries0000000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(BRANCHES);
    await runner.query(SEARCH);
    await runner.query(SUMMARIES);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations only go forward; write a new one with `npm run db:migration <name>`.'),
    );
  }
}
