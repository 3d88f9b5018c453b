import type { UserEntity } from './user.entity.js';
import type { PublicProfile, UserRecord } from './users.types.js';

export const toUserRecord = (row: UserEntity): UserRecord => ({
  id: row.id,
  email: row.email,
  username: row.username,
  displayName: row.displayName,
  bio: row.bio,
  avatarUrl: row.avatarUrl,
  locale: row.locale,
  timezone: row.timezone,
  role: row.role,
  tier: row.tier,
  tierSince: row.tierSince,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

/** What is left of a row once its account is erased, and shown of it from the day that it is closed. */
export const TOMBSTONE = {
  username: 'deleted',
  displayName: 'Deleted user',
  bio: '',
  avatarUrl: null,
} as const;

export const toPublicProfile = (row: UserEntity): PublicProfile => ({
  id: row.id,
  username: row.username,
  displayName: row.displayName,
  bio: row.bio,
  avatarUrl: row.avatarUrl,
  createdAt: row.createdAt,
  deleted: row.deletedAt !== null,
  ...(row.deletedAt === null ? {} : TOMBSTONE),
});
