import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { AvatarImage } from './avatar-images.js';

@Injectable()
export class AvatarsRepository {
  constructor(private readonly database: Database) {}

  async insert(userId: string, token: string, images: readonly AvatarImage[]): Promise<void> {
    for (const { size, content } of images) {
      await this.database.manager.query(
        'INSERT INTO user_avatars (token, size, user_id, content) VALUES ($1, $2, $3, $4)',
        [token, size, userId, content],
      );
    }
  }

  /** Only while its owner is there. */
  async find(token: string, size: number): Promise<Buffer | undefined> {
    const rows = await this.database.manager.query<{ content: Uint8Array }[]>(
      `SELECT content FROM user_avatars a JOIN users u ON u.id = a.user_id
       WHERE a.token = $1 AND a.size = $2 AND u.deleted_at IS NULL`,
      [token, size],
    );
    return rows[0] && Buffer.from(rows[0].content);
  }

  async deleteOf(userId: string, exceptToken: string | undefined): Promise<void> {
    await this.database.manager.query(
      'DELETE FROM user_avatars WHERE user_id = $1 AND token IS DISTINCT FROM $2',
      [userId, exceptToken ?? null],
    );
  }
}
