import type { JobProgress } from './job.js';

/** What a handler says of its progress; without `percent` it is `done` of `total`. */
export type ReportedProgress = Partial<JobProgress>;

/** The progress after a report. A job that goes on from a checkpoint repeats itself; what is shown never goes back. */
export function advance(before: JobProgress, reported: ReportedProgress): JobProgress {
  const phase = reported.phase ?? before.phase;
  const samePhase = phase === before.phase;
  const total = reported.total ?? (samePhase ? before.total : undefined);
  const done = samePhase ? highest(before.done, reported.done) : reported.done;
  const percent = reported.percent ?? (done !== undefined && total ? (100 * done) / total : before.percent);
  return {
    percent: Math.max(before.percent, Math.min(100, Math.round(percent * 10) / 10)),
    ...(phase === undefined ? {} : { phase }),
    ...(done === undefined ? {} : { done }),
    ...(total === undefined ? {} : { total }),
  };
}

function highest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
