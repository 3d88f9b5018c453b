import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  IsUUID,
  Max,
  Min,
  MinLength,
  ValidateIf,
} from 'class-validator';
import { Setting } from '../config/setting.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How tokens are signed, and whose are believed. */
export class TokenSettings {
  @Setting({
    env: 'AUTH_ALGORITHM',
    description: 'How access tokens are signed: HS256 with AUTH_SECRET, or EdDSA with AUTH_PRIVATE_KEY.',
  })
  @IsIn(['HS256', 'EdDSA'])
  algorithm: 'HS256' | 'EdDSA' = 'HS256';

  @Setting({
    env: 'AUTH_SECRET',
    secret: true,
    generate: 'base64-32-bytes',
    description:
      'Signs access tokens (HS256). All instances need the same one; a new one ends every session within AUTH_ACCESS_TTL.',
  })
  @ValidateIf((settings: TokenSettings) => settings.algorithm === 'HS256')
  @IsString()
  @MinLength(32)
  secret?: string;

  @Setting({
    env: 'AUTH_PRIVATE_KEY',
    secret: true,
    description:
      'Ed25519 private key for EdDSA, as PEM (PKCS #8; \\n for line ends is fine) or as a JWK in JSON.',
  })
  @ValidateIf((settings: TokenSettings) => settings.algorithm === 'EdDSA')
  @IsString()
  @MinLength(1)
  privateKey?: string;

  @Setting({ env: 'AUTH_ACCESS_TTL', type: 'duration', description: 'How long an access token is good for.' })
  @IsInt()
  @Min(10_000)
  @Max(DAY_MS)
  accessTtlMs = 15 * MINUTE_MS;

  @Setting({
    env: 'AUTH_REFRESH_TTL',
    type: 'duration',
    description: 'How long a refresh token is good for; every refresh hands out a new one.',
  })
  @IsInt()
  @Min(MINUTE_MS)
  @Max(366 * DAY_MS)
  refreshTtlMs = 30 * DAY_MS;

  @Setting({ env: 'AUTH_ISSUER', description: 'The iss of access tokens.' })
  @IsString()
  @MinLength(1)
  issuer = 'rapport';

  @Setting({ env: 'AUTH_AUDIENCE', description: 'The aud of access tokens.' })
  @IsString()
  @MinLength(1)
  audience = 'rapport-api';

  @Setting({
    env: 'ADMIN_USER_IDS',
    type: 'list',
    description:
      'Ids of users whose tokens are issued with the administrator role, besides those the database says.',
  })
  @IsArray()
  @ArrayMaxSize(100)
  @IsUUID('all', { each: true })
  adminUserIds: string[] = [];

  @Setting({
    env: 'AUTH_JWKS_URL',
    example: 'https://login.example.com/.well-known/jwks.json',
    description:
      'Keys of an external issuer whose access tokens are accepted too. A person is registered at first sight.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  jwksUrl?: string;

  @Setting({
    env: 'AUTH_JWKS_ISSUER',
    example: 'https://login.example.com/',
    description: 'The iss of the external issuer; needed with AUTH_JWKS_URL.',
  })
  @ValidateIf((settings: TokenSettings) => settings.jwksUrl !== undefined)
  @IsString()
  @MinLength(1)
  jwksIssuer?: string;

  @Setting({
    env: 'AUTH_JWKS_AUDIENCE',
    example: 'rapport',
    description: 'The aud that external tokens must name; needed with AUTH_JWKS_URL.',
  })
  @ValidateIf((settings: TokenSettings) => settings.jwksUrl !== undefined)
  @IsString()
  @MinLength(1)
  jwksAudience?: string;
}
