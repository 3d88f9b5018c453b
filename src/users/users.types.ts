export type UserRole = 'user' | 'admin';
export type Tier = 'free' | 'premium';

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
  /** Of the person only this is left, for those who refer to them. */
  deleted: boolean;
}
