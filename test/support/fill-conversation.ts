type Query = (sql: string, parameters: unknown[]) => Promise<unknown>;

/**
 * Makes a conversation as long as asked for without saying each word of it: question and answer in turn.
 */
export async function fillConversation(
  query: Query,
  { id, userId }: { id: string; userId: string },
  length: number,
): Promise<void> {
  await query(
    `WITH ids AS (SELECT n, gen_random_uuid() AS id FROM generate_series(2, $3::int) n)
     INSERT INTO messages (id, conversation_id, owner_id, seq, pos, role, sender_id, client_message_id, parent_id, text)
     SELECT ids.id, $1::uuid, $2::uuid, ids.n,
            CASE WHEN ids.n % 2 = 0 THEN 2 * ids.n ELSE 2 * ids.n - 1 END,
            CASE WHEN ids.n % 2 = 0 THEN 'user' ELSE 'character' END,
            CASE WHEN ids.n % 2 = 0 THEN $2::uuid END,
            CASE WHEN ids.n % 2 = 0 THEN 'c' || ids.n END,
            before.id, 'message ' || ids.n || repeat(' of many words', 80)
     FROM ids LEFT JOIN ids before ON before.n = ids.n - 1`,
    [id, userId, length],
  );
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
