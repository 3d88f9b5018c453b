import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { Database } from '../platform/database/database.js';
import { RefreshTokenEntity } from './refresh-token.entity.js';

const SWEEP_BATCH = 1_000;

@Injectable()
export class RefreshTokensRepository {
  constructor(private readonly database: Database) {}

  async insert(
    token: Pick<RefreshTokenEntity, 'id' | 'familyId' | 'userId' | 'tokenHash' | 'expiresAt'>,
  ): Promise<void> {
    await this.database.manager.insert(RefreshTokenEntity, token);
  }

  findByHash(tokenHash: Buffer): Promise<RefreshTokenEntity | null> {
    return this.database.manager.findOneBy(RefreshTokenEntity, { tokenHash });
  }

  /**
   * Until the commit, nothing else rotates or revokes this family. Without it a revocation would miss the token that a
   * rotation running at the same moment is about to insert.
   */
  async lockFamily(familyId: string): Promise<void> {
    await this.database.manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [familyId]);
  }

  /** Spends a token; false when it was spent, revoked or too old already. This one statement decides who wins. */
  async use(id: string): Promise<boolean> {
    const { affected } = await this.database.manager
      .createQueryBuilder()
      .update(RefreshTokenEntity)
      .set({ usedAt: () => 'now()' })
      .where('id = :id AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()', { id })
      .execute();
    return affected === 1;
  }

  async revokeFamily(familyId: string): Promise<void> {
    await this.database.manager.update(
      RefreshTokenEntity,
      { familyId, revokedAt: IsNull() },
      { revokedAt: () => 'now()' },
    );
  }

  async deleteOf(userId: string): Promise<void> {
    await this.database.manager.delete(RefreshTokenEntity, { userId });
  }

  /** Removes some tokens that have been of no use for a day; answers whether there may be more. */
  async sweep(): Promise<boolean> {
    const { affected } = await this.database.manager
      .createQueryBuilder()
      .delete()
      .from(RefreshTokenEntity)
      .where(
        `id IN (SELECT id FROM refresh_tokens WHERE expires_at < now() - interval '1 day' LIMIT ${SWEEP_BATCH})`,
      )
      .execute();
    return affected === SWEEP_BATCH;
  }
}
