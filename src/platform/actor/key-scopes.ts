import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/**
 * What a personal API key may be used for: `chat` the OpenAI-compatible routes, `read` every GET, `internal` what is for
 * administrators, if its owner is one.
 */
export const KEY_SCOPES = ['chat', 'read', 'internal'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

export const ACCEPTED_KEY_SCOPES = 'rapport:key-scopes';

/**
 * The scopes of which a personal API key needs one here; with none named, no key is accepted. Without the decorator a GET
 * takes `read`, what is {@link AdminOnly} takes `internal`, and nothing else takes a key.
 */
export const AcceptsKeys = (...scopes: KeyScope[]): CustomDecorator =>
  SetMetadata(ACCEPTED_KEY_SCOPES, scopes);
