import type { Job, JobStatus as Status } from './job.js';

/** How far a job has come; `percent` never falls. */
export class JobProgressState {
  /** 0 to 100. */
  percent!: number;
  phase?: string;
  /** Things done of `total` in this phase. */
  done?: number;
  total?: number;
}

/** A background job. */
export class JobState {
  id!: string;
  kind!: string;
  /** waiting: until `resumeAt`. */
  status!: Status;
  progress!: JobProgressState;
  /** Runs so far that failed or died, the present one included. */
  attempts!: number;
  /** When it goes on by itself. */
  resumeAt!: string | null;
  result!: Record<string, unknown> | null;
  /** The problem that ended a failed job. */
  error!: Record<string, unknown> | null;
  createdAt!: string;
  startedAt!: string | null;
  endedAt!: string | null;
}

export const toJobState = (job: Job): JobState => ({
  id: job.id,
  kind: job.kind,
  status: job.status,
  progress: job.progress,
  attempts: job.attempts,
  resumeAt: job.status === 'waiting' ? job.resumeAt.toISOString() : null,
  result: job.result as Record<string, unknown> | null,
  error: job.error,
  createdAt: job.createdAt.toISOString(),
  startedAt: job.startedAt?.toISOString() ?? null,
  endedAt: job.endedAt?.toISOString() ?? null,
});
