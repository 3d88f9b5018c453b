import { IsBoolean, IsIn, IsOptional, IsRFC3339, IsString, MaxLength } from 'class-validator';
import { JobProgressState } from '../../platform/jobs/jobs.dto.js';
import type { JobStatus } from '../../platform/jobs/job.js';
import { Page, PageQuery } from '../../platform/pagination/page.dto.js';
import type { Extraction } from './extraction.types.js';

const STATUSES = ['queued', 'running', 'waiting_rate_limit', 'succeeded', 'failed', 'cancelled'] as const;
type Status = (typeof STATUSES)[number];

export class OrderExtraction {
  /** What is to be extracted, e.g. `library`; an unknown one is answered with those that the platform has. */
  @IsString()
  @MaxLength(64)
  kind!: string;

  /** RFC 3339, not in the future. Only what is newer, where the platform can tell. Left out: what was not read yet. */
  @IsOptional()
  @IsRFC3339()
  @MaxLength(40)
  since?: string;

  /**
   * Reads everything, and removes at the end what the platform does not have any more, unless it has more than is read.
   * Not together with `since`.
   */
  @IsOptional()
  @IsBoolean()
  full?: boolean;
}

export class ExtractionJobsQuery extends PageQuery {
  @IsOptional()
  @IsString()
  @MaxLength(64)
  platform?: string;

  @IsOptional()
  @IsIn(STATUSES)
  status?: Status;
}

/** Where an extraction goes on after an interruption. */
export class ExtractionProgressPoint {
  /** The step that is being read, from 0. */
  step!: number;
  /** Things that are kept so far. */
  done!: number;
}

/** A job that reads from a platform what belongs to a person. */
export class ExtractionJob {
  id!: string;
  platform!: string;
  kind!: string;
  /** waiting_rate_limit: the platform takes no more requests until `resumeAt`. */
  status!: Status;
  progress!: JobProgressState;
  /** Null before the first page. */
  checkpoint!: ExtractionProgressPoint | null;
  /** From when on it reads; null for everything. */
  since!: string | null;
  full!: boolean;
  /** When it goes on by itself. */
  resumeAt!: string | null;
  /** The problem that ended a failed job. */
  error!: Record<string, unknown> | null;
  /** Runs so far that failed or died, the present one included. */
  attempts!: number;
  createdAt!: string;
  startedAt!: string | null;
  endedAt!: string | null;
}

export class ExtractionJobPage extends Page<ExtractionJob> {
  override items!: ExtractionJob[];
}

export class ResetOrdered {
  /** Follow it at `/api/jobs/{jobId}`. */
  jobId!: string;
}

/** A reset of one platform, as older clients are told of it. */
export class PlatformReset {
  platform!: string;
  jobId!: string;
}

/** As older clients know answers. */
export class ResetOfAll {
  success!: boolean;
  data!: PlatformReset[];
}

export const toExtractionJob = (job: Extraction): ExtractionJob => ({
  id: job.id,
  platform: job.payload.platform,
  kind: job.payload.kind,
  status: job.status === 'waiting' ? 'waiting_rate_limit' : job.status,
  progress: job.progress,
  checkpoint: job.checkpoint && { step: job.checkpoint.step, done: job.checkpoint.kept },
  since: job.payload.since ?? null,
  full: job.payload.full ?? false,
  resumeAt: job.status === 'waiting' ? job.resumeAt.toISOString() : null,
  error: job.error,
  attempts: job.attempts,
  createdAt: job.createdAt.toISOString(),
  startedAt: job.startedAt?.toISOString() ?? null,
  endedAt: job.endedAt?.toISOString() ?? null,
});

export const toJobStatus = (status: Status | undefined): JobStatus | undefined =>
  status === 'waiting_rate_limit' ? 'waiting' : status;
