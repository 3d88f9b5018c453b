import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { ApiKeyEntity } from './api-key.entity.js';

@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  findByPrefix(prefix: string): Promise<ApiKeyEntity | null> {
    return this.database.manager.findOneBy(ApiKeyEntity, { prefix });
  }

  findOwned(userId: string, id: string): Promise<ApiKeyEntity | null> {
    return this.database.manager.findOneBy(ApiKeyEntity, { userId, id });
  }

  /** Newest first. */
  ofUser(userId: string): Promise<ApiKeyEntity[]> {
    return this.database.manager.find(ApiKeyEntity, { where: { userId }, order: { id: 'DESC' } });
  }

  /** Until the commit nobody else adds a key for this user, so that a count stays true. */
  async lockUser(userId: string): Promise<void> {
    await this.database.manager.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('api-keys:' || $1, 0))`,
      [userId],
    );
  }

  count(userId: string): Promise<number> {
    return this.database.manager.countBy(ApiKeyEntity, { userId });
  }

  async insert(key: ApiKeyEntity): Promise<void> {
    await this.database.manager.insert(ApiKeyEntity, key);
  }

  async remove(userId: string, id: string): Promise<void> {
    await this.database.manager.delete(ApiKeyEntity, { userId, id });
  }

  async markUsed(id: string, hour: Date): Promise<void> {
    await this.database.manager
      .createQueryBuilder()
      .update(ApiKeyEntity)
      .set({ lastUsedAt: hour })
      .where('id = :id AND (last_used_at IS NULL OR last_used_at < :hour)', { id, hour })
      .execute();
  }
}
