import type { Job, JobProgress } from './job.js';

const JOB_PROGRESS = 'job.progress';
/** Succeeded or cancelled; `status` tells which. */
const JOB_COMPLETED = 'job.completed';
const JOB_FAILED = 'job.failed';
/** Asks whichever process runs a job to stop it. Not kept, not sent to clients. */
export const JOB_CANCEL_REQUESTED = 'job.cancel-requested';

export const jobStream = (jobId: string): string => `job:${jobId}`;
/** The stream of everything that happens to a user. */
export const ownerStream = (userId: string): string => `user:${userId}`;

export const endsJob = (type: string): boolean => type === JOB_COMPLETED || type === JOB_FAILED;

/** The data of all three. */
export interface JobEvent {
  jobId: string;
  kind: string;
  status: Job['status'];
  progress: JobProgress;
  result?: unknown;
  error?: unknown;
  /** Of a job that waits: when it goes on by itself. RFC 3339. */
  resumeAt?: string;
}

type ToldJob = Pick<Job, 'id' | 'kind' | 'status' | 'progress' | 'result' | 'error' | 'resumeAt'>;

export function jobEvent(job: ToldJob): {
  type: string;
  data: JobEvent;
} {
  const { id: jobId, kind, status, progress } = job;
  const data = { jobId, kind, status, progress };
  switch (status) {
    case 'succeeded':
      return { type: JOB_COMPLETED, data: { ...data, result: job.result } };
    case 'cancelled':
      return { type: JOB_COMPLETED, data };
    case 'failed':
      return { type: JOB_FAILED, data: { ...data, error: job.error } };
    case 'waiting':
      return { type: JOB_PROGRESS, data: { ...data, resumeAt: job.resumeAt.toISOString() } };
    default:
      return { type: JOB_PROGRESS, data };
  }
}
