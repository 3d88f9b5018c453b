import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../config/setting.js';

export class UsersSettings {
  @Setting({
    env: 'USERNAME_LOOKUPS_PER_MINUTE',
    type: 'integer',
    description: 'Username checks and lookups by name that one caller (or address) may make a minute.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  usernameLookupsPerMinute = 600;
}
