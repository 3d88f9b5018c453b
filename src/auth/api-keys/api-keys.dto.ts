import { ApiProperty, PickType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsIn,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
} from 'class-validator';
import { KEY_SCOPES, type KeyScope } from '../../platform/actor/key-scopes.js';
import type { ApiKeyEntity } from './api-key.entity.js';

export class ApiKeyInput {
  /** For the owner to tell the keys apart. */
  @IsString()
  @Length(1, 64)
  @Matches(/^[^\p{Cc}\p{Cs}]*\S[^\p{Cc}\p{Cs}]*$/u, { message: 'name must be printable and not blank' })
  name!: string;

  /** `chat`: the OpenAI-compatible routes; `read`: every GET; `internal`: what is for administrators, if the owner is one. */
  @ArrayNotEmpty()
  @ArrayMaxSize(KEY_SCOPES.length)
  @IsIn(KEY_SCOPES, { each: true })
  @ApiProperty({ enum: KEY_SCOPES, isArray: true })
  scopes!: KeyScope[];

  /** When it ends by itself; without it, when it is deleted. */
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/T.*(?:Z|[+-]\d{2}:?\d{2})$/, {
    message: 'expiresAt must be a moment, such as 2030-01-31T12:00:00Z',
  })
  expiresAt?: string;
}

export class ApiKey {
  id!: string;
  name!: string;
  /** How the key begins, so that it can be told from others. */
  prefix!: string;
  @ApiProperty({ enum: KEY_SCOPES, isArray: true })
  scopes!: KeyScope[];
  createdAt!: string;
  expiresAt!: string | null;
  /** To the hour; null for never. */
  lastUsedAt!: string | null;
}

export class CreatedApiKey extends PickType(ApiKey, [
  'id',
  'name',
  'prefix',
  'scopes',
  'createdAt',
  'expiresAt',
  'lastUsedAt',
]) {
  /** The key itself, for `Authorization: Bearer`. Shown here and never again; a repeated request does not get it. */
  secret?: string;
}

export class ApiKeyList {
  items!: ApiKey[];
}

export const toApiKey = (key: ApiKeyEntity): ApiKey => ({
  id: key.id,
  name: key.name,
  prefix: `rpt_${key.prefix}`,
  scopes: key.scopes,
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt?.toISOString() ?? null,
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
});
