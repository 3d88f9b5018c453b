import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsString, Length, MaxLength, MinLength } from 'class-validator';
import { User } from '../users/users.dto.js';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './passwords.rules.js';

export class RegisterInput {
  @IsEmail()
  @MaxLength(254)
  email!: string;

  @IsString()
  @MinLength(PASSWORD_MIN_LENGTH)
  @MaxLength(PASSWORD_MAX_LENGTH)
  password!: string;

  /** 3 to 30 letters, digits, dots, underscores and hyphens; see username checks. */
  @IsString()
  @Length(1, 128)
  username!: string;
}

export class LoginInput {
  @IsString()
  @Length(1, 254)
  email!: string;

  @IsString()
  @Length(1, PASSWORD_MAX_LENGTH)
  password!: string;
}

export class RefreshTokenInput {
  @IsString()
  @Length(1, 512)
  refreshToken!: string;
}

export class Tokens {
  /** For `Authorization: Bearer`. */
  accessToken!: string;
  /** Single use: every refresh answers with the next one. */
  refreshToken!: string;
  /** Seconds until the access token expires. */
  @ApiProperty({ type: 'integer' })
  expiresIn!: number;
}

export class Registered extends Tokens {
  user!: User;
}
