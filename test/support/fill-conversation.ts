type Query = (sql: string, parameters: unknown[]) => Promise<unknown>;

/** Messages in one statement. */
const PORTION = 5_000;
/** Ids are made of the place, so that each names the one before it. */
const INSERT = `
  INSERT INTO messages (id, conversation_id, owner_id, seq, pos, role, sender_id, client_message_id, parent_id, text)
  SELECT md5($1::text || '.' || n)::uuid, $1::text::uuid, $2::uuid, n,
         CASE WHEN n % 2 = 0 THEN 2 * n ELSE 2 * n - 1 END,
         CASE WHEN n % 2 = 0 THEN 'user' ELSE 'character' END,
         CASE WHEN n % 2 = 0 THEN $2::uuid END,
         CASE WHEN n % 2 = 0 THEN 'c' || n END,
         CASE WHEN n > 2 THEN md5($1::text || '.' || (n - 1))::uuid END,
         'message ' || n || repeat(' of many words', 80)
  FROM generate_series($3::int, $4::int) n`;

/**
 * Makes a conversation as long as asked for without saying each word of it: question and answer in turn.
 */
export async function fillConversation(
  query: Query,
  { id, userId }: { id: string; userId: string },
  length: number,
): Promise<void> {
  for (let from = 2; from <= length; from += PORTION) {
    await query(INSERT, [id, userId, from, Math.min(length, from + PORTION - 1)]);
  }
  await query(
    `INSERT INTO generations (id, conversation_id, parent_message_id, reply_message_id, user_id, character_id, status)
     SELECT gen_random_uuid(), conversation_id, parent_id, id, owner_id, owner_id, 'completed'
     FROM messages WHERE conversation_id = $1 AND role = 'character' AND parent_id IS NOT NULL`,
    [id],
  );
  await query(
    `UPDATE conversations SET last_seq = $2, version = version + 1, last_activity_at = now() WHERE id = $1`,
    [id, length],
  );
}
