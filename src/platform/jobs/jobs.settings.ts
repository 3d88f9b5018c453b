import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { Setting } from '../../config/setting.js';

const DAY_MS = 86_400_000;

export class JobSettings {
  @Setting({
    env: 'RUN_JOBS',
    type: 'boolean',
    description:
      'Whether this process also runs background jobs. With workers (apps/worker, which always do), false keeps the API free for requests.',
  })
  @IsBoolean()
  run = true;

  @Setting({
    env: 'JOBS_CONCURRENCY',
    type: 'integer',
    description: 'Background jobs that one process runs at once.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  concurrency = 5;

  @Setting({
    env: 'JOBS_TAKEN_OVER_AFTER',
    type: 'duration',
    description:
      'How long nothing may be heard of the process that runs a job before another one goes on from its checkpoint.',
  })
  @IsInt()
  @Min(500)
  @Max(DAY_MS)
  takenOverAfterMs = 15_000;

  @Setting({
    env: 'JOBS_KEPT',
    type: 'duration',
    description: 'How long a job that has ended can still be looked up.',
  })
  @IsInt()
  @Min(60_000)
  keptMs = 30 * DAY_MS;

  /** Milliseconds between two signs of life; several may fail before the job is taken over. */
  get heartbeatMs(): number {
    return this.takenOverAfterMs / 5;
  }
}
