import type { Job } from '../../platform/jobs/job.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';

export const EXTRACT_JOB = 'connector.extract';
export const RESET_JOB = 'connector.reset';

/** Whose things of which platform. */
export interface PlatformOfUser {
  userId: string;
  platform: string;
}

export interface KindOfPlatform extends PlatformOfUser {
  kind: string;
}

/** What an extraction is to read. */
export interface ExtractionPayload extends KindOfPlatform {
  /** When the connection was made that it is for, in milliseconds since 1970: it reads and writes nothing of another. */
  connectedAt: number;
  /** RFC 3339: only what is newer, where the platform can tell. Everything without it. */
  since?: string;
  /** What the platform does not have any more is removed, if all was read. */
  full?: boolean;
}

/** Where a run goes on. */
export interface ExtractionCheckpoint {
  /** When it began to read, in milliseconds since 1970. */
  beganAt: number;
  /** Index of the step; as many as there are: all has been read. */
  step: number;
  /** Of the next page; the first page has none. */
  cursor?: string;
  /** Digests of the cursors of this step's pages so far. */
  pages: string[];
  /** Things that this step's pages listed. */
  listed: number;
  /** Things that were kept, of all steps. */
  kept: number;
  /** Things that the platform did not have any more. */
  removed: number;
  /** A bound was reached: the platform has more. */
  truncated: boolean;
  /** How often the platform has refused since the last page. */
  refusals: number;
}

export interface ExtractionResult {
  items: number;
  removed: number;
  truncated: boolean;
}

export type ExtractionRun = RunningJob<ExtractionPayload, ExtractionCheckpoint>;

/** The row of an extraction. */
export interface Extraction extends Job {
  payload: ExtractionPayload;
  checkpoint: ExtractionCheckpoint | null;
}

export const isExtraction = (job: Job | undefined): job is Extraction => job?.kind === EXTRACT_JOB;
