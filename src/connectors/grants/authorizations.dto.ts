import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator';
import type { AuthorizationResult } from './authorization-outcomes.js';

const RESULTS = ['connected', 'denied', 'error'] as const;

export class AuthorizationInput {
  /** Where the browser is sent in the end; CONNECTOR_RETURN_URLS says what is allowed. */
  @IsString()
  @MaxLength(2048)
  returnUrl!: string;

  /** Some of the platform's scopes; all of them by default. */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(200, { each: true })
  scopes?: string[];

  /** Replaces a connection that there is. */
  @IsOptional()
  @IsBoolean()
  force?: boolean;
}

export class BegunAuthorizationView {
  /** To send the browser to; a repeated request does not get it. */
  authorizationUrl?: string;
  /** In the address that the browser comes back with; a repeated request does not get it. */
  state?: string;
  /** Until when the browser has to be back. */
  expiresAt!: string;
}

/** How an authorisation ended. */
export class AuthorizationEnd {
  platform!: string;
  @ApiProperty({ enum: RESULTS })
  result!: AuthorizationResult;
}

/** What a client that was called back itself hands on. */
export class OlderCallbackInput {
  /** The platform, if the client knows it. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  provider?: string;

  @IsString()
  @MaxLength(4096)
  state!: string;

  @IsOptional()
  @IsString()
  @MaxLength(4096)
  code?: string;

  @IsOptional()
  @IsString()
  @MaxLength(4096)
  iss?: string;

  @IsOptional()
  @IsString()
  @MaxLength(4096)
  error?: string;
}

/** The shape that older clients read. */
export class OlderCallbackEnd {
  success!: boolean;
  data!: AuthorizationEnd;
}
