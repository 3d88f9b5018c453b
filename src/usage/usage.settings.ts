import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../config/setting.js';

/** Daily allowances of the free tier, per user and character, and how long a reservation waits to be settled. */
export class UsageSettings {
  @Setting({
    env: 'USAGE_FREE_TEXT_PER_DAY',
    type: 'integer',
    description: 'Text messages a user on the free tier may send to one character in a UTC day.',
  })
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  freeTextPerDay = 30;

  @Setting({
    env: 'USAGE_FREE_AUDIO_PER_DAY',
    type: 'integer',
    description: 'Audio messages a user on the free tier may send to one character in a UTC day.',
  })
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  freeAudioPerDay = 5;

  @Setting({
    env: 'USAGE_FREE_MEDIA_PER_DAY',
    type: 'integer',
    description: 'Media messages a user on the free tier may send to one character in a UTC day.',
  })
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  freeMediaPerDay = 5;

  @Setting({
    env: 'USAGE_RESERVATION_TTL',
    type: 'duration',
    description: 'How long a reserved message keeps its place before an unsettled reservation is given back.',
  })
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  reservationTtlMs = 300_000;
}
