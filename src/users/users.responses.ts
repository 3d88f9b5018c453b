import type { PublicProfile, UserRecord } from './user.record.js';
import type { Profile, User, UserTier } from './users.dto.js';

export const toProfile = (profile: PublicProfile): Profile => ({
  ...profile,
  createdAt: profile.createdAt.toISOString(),
});

/** @param role what the caller's token says, which a setting may raise above the stored one */
export const toUser = (user: UserRecord, role: UserRecord['role'] = user.role): User => ({
  ...user,
  role,
  tierSince: user.tierSince.toISOString(),
  createdAt: user.createdAt.toISOString(),
  updatedAt: user.updatedAt.toISOString(),
});

export const toUserTier = (user: UserRecord): UserTier => ({
  tier: user.tier,
  since: user.tierSince.toISOString(),
});
