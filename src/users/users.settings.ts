import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../config/setting.js';

const DAY_MS = 86_400_000;

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

  @Setting({
    env: 'EXPORTS_KEPT',
    type: 'duration',
    description: 'How long what a person takes along can be downloaded.',
  })
  @IsInt()
  @Min(60_000)
  @Max(90 * DAY_MS)
  exportsKeptMs = 7 * DAY_MS;
}
