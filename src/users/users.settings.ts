import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../config/setting.js';

export class UsersSettings {
  @Setting({
    env: 'USERNAME_LOOKUPS_PER_MINUTE',
    type: 'integer',
    description:
      'Lookups of names that nobody has (by one caller) and username checks (from one address) that a process allows a minute.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  usernameLookupsPerMinute = 600;
}
