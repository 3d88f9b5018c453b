import type { Problem } from '../http/problem.js';

/** waiting: until a moment that the job itself named. queued: as soon as a worker is free, or after a back-off. */
export type JobStatus = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled';

/** How far a job has come. `percent` never falls. */
export interface JobProgress {
  /** 0 to 100. */
  percent: number;
  /** What is being done, in one word of the job's own. */
  phase?: string;
  /** Things done of `total` in this phase. */
  done?: number;
  total?: number;
}

/** A background job as it stands in the database. */
export interface Job {
  id: string;
  kind: string;
  /** Whose job it is; null for one of the service itself. */
  userId: string | null;
  /** At most one active job of a kind has a key. */
  key: string | null;
  status: JobStatus;
  progress: JobProgress;
  /** Ids and plain choices, never secrets. */
  payload: unknown;
  /** Where the next run goes on. */
  checkpoint: unknown;
  result: unknown;
  error: Partial<Problem> | null;
  /** Runs that ended in a failure or with their process, or could not begin; the present one included. */
  attempts: number;
  maxAttempts: number;
  /** Rises with every claim; what an earlier claim still writes is refused. */
  fence: number;
  cancelRequestedAt: Date | null;
  /** Not run before it. */
  resumeAt: Date;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  updatedAt: Date;
}

/** How a job ends. */
export type JobEnd =
  | { status: 'succeeded'; result: unknown }
  | { status: 'failed'; error: Partial<Problem> }
  | { status: 'cancelled' };

export const isActive = ({ status }: Pick<Job, 'status'>): boolean =>
  status === 'queued' || status === 'running' || status === 'waiting';
