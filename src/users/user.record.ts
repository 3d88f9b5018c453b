import type { Tier, UserEntity, UserRole } from './user.entity.js';

/** A user as the service knows them: the row without the password hash. */
export interface UserRecord {
  id: string;
  email: string | null;
  username: string;
  displayName: string;
  bio: string;
  avatarUrl: string | null;
  locale: string | null;
  timezone: string | null;
  role: UserRole;
  tier: Tier;
  tierSince: Date;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** What everybody may see. */
export interface PublicProfile {
  id: string;
  username: string;
  displayName: string;
  bio: string;
  avatarUrl: string | null;
  createdAt: Date;
}

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

export const toPublicProfile = (row: UserEntity): PublicProfile => ({
  id: row.id,
  username: row.username,
  displayName: row.displayName,
  bio: row.bio,
  avatarUrl: row.avatarUrl,
  createdAt: row.createdAt,
});
