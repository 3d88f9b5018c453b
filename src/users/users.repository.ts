import { Injectable } from '@nestjs/common';
import { In, IsNull, MoreThan, Not, type Repository } from 'typeorm';
import { Database } from '../platform/database/database.js';
import { UserEntity } from './user.entity.js';

export type NewUserRow = Pick<
  UserEntity,
  | 'id'
  | 'email'
  | 'emailNormalized'
  | 'username'
  | 'usernameNormalized'
  | 'usernameSkeleton'
  | 'displayName'
  | 'passwordHash'
>;

export type UserChange = Partial<
  Pick<
    UserEntity,
    | 'username'
    | 'usernameNormalized'
    | 'usernameSkeleton'
    | 'displayName'
    | 'bio'
    | 'avatarUrl'
    | 'locale'
    | 'timezone'
    | 'tier'
    | 'tierSince'
    | 'email'
    | 'emailNormalized'
    | 'passwordHash'
    | 'role'
    | 'deletedAt'
    | 'erasedAt'
  >
>;

@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  findById(id: string): Promise<UserEntity | null> {
    return this.rows.findOneBy({ id, deletedAt: IsNull() });
  }

  /** Closed accounts, too: others refer to them. */
  findAnyById(id: string): Promise<UserEntity | null> {
    return this.rows.findOneBy({ id });
  }

  /** Closed accounts, too. */
  findAnyByIds(ids: readonly string[]): Promise<UserEntity[]> {
    return this.rows.findBy({ id: In([...ids]) });
  }

  /** Ids of accounts that were closed after `since`, or are not erased yet. */
  async closedSince(since: Date): Promise<string[]> {
    const rows = await this.rows.find({
      select: { id: true },
      where: [{ deletedAt: MoreThan(since) }, { deletedAt: Not(IsNull()), erasedAt: IsNull() }],
    });
    return rows.map(({ id }) => id);
  }

  /** Ids of accounts that are closed and still have to be erased. */
  async notErased(): Promise<string[]> {
    const rows = await this.rows.find({
      select: { id: true },
      where: { deletedAt: Not(IsNull()), erasedAt: IsNull() },
    });
    return rows.map(({ id }) => id);
  }

  /** Inside a transaction: the row stays as it was read until the commit. */
  findByIdForUpdate(id: string): Promise<UserEntity | null> {
    return this.rows.findOne({ where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

  /** The name of a closed account stays taken until the account is erased. */
  async isUsernameTaken(usernameNormalized: string): Promise<boolean> {
    return this.rows.existsBy({ usernameNormalized });
  }

  async findIdByUsername(usernameNormalized: string): Promise<string | null> {
    const row = await this.rows.findOne({
      select: { id: true },
      where: { usernameNormalized, deletedAt: IsNull() },
    });
    return row?.id ?? null;
  }

  async findIdsByUsernames(usernamesNormalized: readonly string[]): Promise<Map<string, string>> {
    if (usernamesNormalized.length === 0) return new Map();
    const rows = await this.rows.find({
      select: { id: true, usernameNormalized: true },
      where: { usernameNormalized: In([...usernamesNormalized]), deletedAt: IsNull() },
    });
    return new Map(rows.map((row) => [row.usernameNormalized, row.id]));
  }

  async isSkeletonTaken(usernameSkeleton: string): Promise<boolean> {
    return this.rows.existsBy({ usernameSkeleton });
  }

  /** The names, and the skeletons, that somebody has of these. */
  async takenAmong(normalized: readonly string[], skeletons: readonly string[]): Promise<Set<string>> {
    const rows = await this.rows.find({
      select: { id: true, usernameNormalized: true, usernameSkeleton: true },
      where: [{ usernameNormalized: In([...normalized]) }, { usernameSkeleton: In([...skeletons]) }],
    });
    return new Set(rows.flatMap((row) => [row.usernameNormalized, row.usernameSkeleton ?? []].flat()));
  }

  async credentialsByEmail(
    emailNormalized: string,
  ): Promise<{ id: string; passwordHash: string | null } | null> {
    const row = await this.rows.findOne({
      select: { id: true, passwordHash: true },
      where: { emailNormalized, deletedAt: IsNull() },
    });
    return row && { id: row.id, passwordHash: row.passwordHash ?? null };
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.rows.exists());
  }

  async insert(row: NewUserRow): Promise<void> {
    await this.rows.insert(row);
  }

  async update(id: string, change: UserChange): Promise<void> {
    await this.rows
      .createQueryBuilder()
      .update()
      .set({ ...change, version: () => 'version + 1', updatedAt: () => 'now()' })
      .where({ id })
      .execute();
  }

  async replacePasswordHash(id: string, from: string, to: string): Promise<void> {
    await this.rows.update({ id, passwordHash: from }, { passwordHash: to });
  }

  private get rows(): Repository<UserEntity> {
    return this.database.manager.getRepository(UserEntity);
  }
}
