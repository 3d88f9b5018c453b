import { ApiProperty, PartialType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsLocale,
  IsOptional,
  IsString,
  IsTimeZone,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { IsAvatarUrl } from './avatars/avatar-url.js';
import type { PublicProfile, UserRecord } from './users.types.js';

const TIERS = ['free', 'premium'] as const;
const ROLES = ['user', 'admin'] as const;
const VIOLATIONS = ['too-short', 'too-long', 'charset', 'reserved', 'taken', 'confusable'] as const;
const WITHOUT_CONTROLS = /^[^\p{Cc}\p{Cs}]*$/u;
const TEXT_WITHOUT_CONTROLS = /^(?:[^\p{Cc}\p{Cs}]|[\n\t])*$/u;

/** What everybody may see of a person. */
export class Profile {
  id!: string;
  username!: string;
  displayName!: string;
  bio!: string;
  avatarUrl!: string | null;
  createdAt!: string;
  /** The account is gone; the rest of the profile says nothing any more. Only a lookup by ids finds such profiles. */
  deleted!: boolean;
}

/** Oneself. */
export class User extends Profile {
  email!: string | null;
  locale!: string | null;
  timezone!: string | null;
  role!: (typeof ROLES)[number];
  tier!: (typeof TIERS)[number];
  tierSince!: string;
  @ApiProperty({ type: 'integer' })
  version!: number;
  updatedAt!: string;
}

class ProfileChanges {
  /** Cleared by null: the username is shown again. */
  @IsString()
  @Length(1, 64)
  @Matches(/\S/, { message: 'displayName must have a visible character' })
  @Matches(WITHOUT_CONTROLS, { message: 'displayName must not have control characters' })
  displayName!: string | null;

  @IsString()
  @MaxLength(2000)
  @Matches(TEXT_WITHOUT_CONTROLS, { message: 'bio must not have control characters' })
  bio!: string | null;

  /** A picture elsewhere; `PUT /api/users/me/avatar` uploads one. */
  @IsAvatarUrl()
  @MaxLength(2048)
  avatarUrl!: string | null;

  /** A BCP 47 language tag. */
  @IsLocale()
  @MaxLength(64)
  locale!: string | null;

  /** An IANA time zone. */
  @IsTimeZone()
  @MaxLength(64)
  timezone!: string | null;
}

/** A merge patch (RFC 7396): null clears, absent keeps. */
export class ProfilePatchInput extends PartialType(ProfileChanges) {
  /** Cannot be cleared. The rules are those of a username check. */
  @ValidateIf((_patch, value) => value !== undefined)
  @IsString()
  @Length(1, 128)
  username?: string;
}

export class UsernameCheckInput {
  @IsString()
  @MaxLength(128)
  username!: string;
}

export class UsernameViolationItem {
  code!: (typeof VIOLATIONS)[number];
  detail!: string;
}

export class UsernameCheck {
  username!: string;
  normalized!: string;
  available!: boolean;
  violations!: UsernameViolationItem[];
  suggestions!: string[];
}

export class ProfileLookupInput {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  ids?: string[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(128, { each: true })
  usernames?: string[];
}

export class ProfileLookupResult {
  users!: Profile[];
  /** The ids and usernames nobody has, as they were asked for. */
  missing!: string[];
}

export class TierInput {
  @IsIn(TIERS)
  tier!: (typeof TIERS)[number];
}

export class UserTier {
  tier!: (typeof TIERS)[number];
  since!: string;
}

export const toProfile = (profile: PublicProfile): Profile => ({
  ...profile,
  createdAt: profile.createdAt.toISOString(),
});

/** @param role what the caller's token says, which a setting may raise above the stored one */
export const toUser = (user: UserRecord, role: UserRecord['role'] = user.role): User => ({
  ...user,
  deleted: false,
  role,
  tierSince: user.tierSince.toISOString(),
  createdAt: user.createdAt.toISOString(),
  updatedAt: user.updatedAt.toISOString(),
});

export const toUserTier = (user: UserRecord): UserTier => ({
  tier: user.tier,
  since: user.tierSince.toISOString(),
});
