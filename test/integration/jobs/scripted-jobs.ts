import { JobEnded, JobHandler, JobMoved } from '../../../src/platform/jobs/job-handler.decorator.js';
import type { Job } from '../../../src/platform/jobs/job.js';
import type { RunningJob } from '../../../src/platform/jobs/running-job.js';

type Script = (job: RunningJob<{ note?: string }, { at: number }>) => Promise<unknown>;

/** Jobs that do what the test says. */
export class ScriptedJobs {
  readonly runs: string[] = [];
  readonly ends: Job[] = [];
  /** Hears of every taking and giving back, as a part of it. */
  onMove: (job: Job) => Promise<void> = () => Promise.resolve();
  /** Hears of every end, as a part of it. */
  onEnd: (job: Job) => Promise<void> = () => Promise.resolve();
  script: Script = () => Promise.resolve({ done: true });

  @JobHandler('scripted', { attempts: 3, backoffMs: 10 })
  run(job: RunningJob<{ note?: string }, { at: number }>): Promise<unknown> {
    this.runs.push(job.id);
    return this.script(job);
  }

  @JobHandler('single', { concurrency: 1 })
  single(job: RunningJob<{ note?: string }, { at: number }>): Promise<unknown> {
    return this.script(job);
  }

  @JobHandler('hasty', { attempts: 1, timeoutMs: 50 })
  hasty(job: RunningJob<{ note?: string }, { at: number }>): Promise<unknown> {
    return this.script(job);
  }

  @JobMoved('scripted')
  moved(job: Job): Promise<void> {
    return this.onMove(job);
  }

  @JobEnded('scripted')
  ended(job: Job): Promise<void> {
    this.ends.push(job);
    return this.onEnd(job);
  }
}

/** Resolves when the job is told to stop, with why. */
export const stopped = ({ signal }: RunningJob<never, never> | { signal: AbortSignal }): Promise<Error> =>
  new Promise((resolve) => {
    const end = (): void => resolve(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

/** A promise and the function that fulfils it. */
export function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}
