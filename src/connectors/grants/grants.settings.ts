import { IsArray, IsOptional, Matches } from 'class-validator';
import { Setting } from '../../config/setting.js';

/** 32 bytes in base64, with the key's name in front. */
const KEY = String.raw`(?:[\w-]{1,32}:)?[A-Za-z0-9+/]{43}=`;

/** How grants of other platforms are kept, and where people come back to. */
export class GrantSettings {
  @Setting({
    env: 'CONNECTOR_TOKEN_KEYS',
    secret: true,
    generate: 'base64-32-bytes',
    description:
      'Keys that seal the tokens of connected platforms, as name:key,name:key, each key 32 bytes in base64. The first seals; the others only open what they sealed. Needed in production as soon as a platform is configured. docs/operations.md says how to change it.',
  })
  @IsOptional()
  @Matches(new RegExp(`^${KEY}(?:\\s*,\\s*${KEY})*$`), {
    message: 'tokenKeys must be name:key,name:key, each key 32 bytes in base64 (openssl rand -base64 32)',
  })
  tokenKeys?: string;

  @Setting({
    env: 'CONNECTOR_RETURN_URLS',
    type: 'list',
    example: 'https://app.example.com/settings',
    description:
      'Where browsers may be sent back to after connecting a platform: an origin, or an origin and the beginning of a path. By default PUBLIC_URL’s origin.',
  })
  @IsArray()
  @Matches(/^https?:\/\/[^\s/?#@\\]+(?:\/[^\s?#\\]*)?$/, {
    each: true,
    message: 'returnUrls must be origins or origins with a path, such as https://app.example.com/settings',
  })
  returnUrls: string[] = [];
}
