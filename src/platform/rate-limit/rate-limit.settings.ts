import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class RateLimitSettings {
  @Setting({
    env: 'BURST_LIMIT',
    type: 'integer',
    description:
      'Messages and regenerations that a user, of any tier, may ask for in BURST_WINDOW, over REST and sockets together; 0 for no limit.',
  })
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  burstLimit = 60;

  @Setting({
    env: 'BURST_WINDOW',
    type: 'duration',
    description: 'In how long a used-up BURST_LIMIT is there again as a whole; it comes back one by one.',
  })
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  burstWindowMs = 60_000;

  @Setting({
    env: 'RATE_LIMIT_DEADLINE',
    type: 'duration',
    description:
      'How long Redis may take to count an attempt (burst, logins) before this process counts for itself.',
  })
  @IsInt()
  @Min(5)
  @Max(10_000)
  deadlineMs = 50;
}
