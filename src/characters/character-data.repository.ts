import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export interface CreatedCharacter {
  id: string;
  /** Others can still see it, or are talking to it. */
  isShared: boolean;
}

export interface CreatedPicture {
  id: string;
  characterId: string;
  ext: string;
  content: Uint8Array;
}

/** The characters that somebody has made, those included that were deleted and are still there. */
@Injectable()
export class CharacterDataRepository {
  constructor(private readonly database: Database) {}

  /** Whole rows, as they are stored. */
  created(
    userId: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ character: { id: string } }[]> {
    return this.database.manager.query(
      `SELECT to_jsonb(c) AS character FROM characters c
       WHERE creator_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3`,
      [userId, after ?? null, limit],
    );
  }

  /** The pictures of those characters, with their bytes. */
  pictures(userId: string, after: string | undefined, limit: number): Promise<CreatedPicture[]> {
    return this.database.manager.query(
      `SELECT a.id, a.character_id AS "characterId", a.ext, b.content
       FROM character_assets a
       JOIN characters c ON c.id = a.character_id JOIN blobs b ON b.sha256 = a.sha256
       WHERE c.creator_id = $1 AND ($2::uuid IS NULL OR a.id > $2) ORDER BY a.id LIMIT $3`,
      [userId, after ?? null, limit],
    );
  }

  /** A conversation keeps the character that it is with from being removed. */
  some(userId: string, limit: number): Promise<CreatedCharacter[]> {
    return this.database.manager.query(
      `SELECT id, (deleted_at IS NULL AND visibility = 'public')
                OR EXISTS (SELECT FROM conversations v WHERE v.character_id = c.id) AS "isShared"
       FROM characters c WHERE creator_id = $1 LIMIT $2`,
      [userId, limit],
    );
  }

  async disown(id: string): Promise<void> {
    await this.database.manager.query(
      'UPDATE characters SET creator_id = NULL, version = version + 1, updated_at = now() WHERE id = $1',
      [id],
    );
  }

  async delete(id: string): Promise<void> {
    await this.database.manager.query('DELETE FROM characters WHERE id = $1', [id]);
  }
}
