import type { SummaryRecord } from './summaries.repository.js';

export class Summary {
  text!: string;
  /** The last message that is part of it. */
  coversThroughSeq!: number;
  /** Something that it covers was edited or taken back since, or is on a branch that is not shown. */
  stale!: boolean;
  createdAt!: string;
}

export class OrderedSummary {
  /** Follow it at `/api/jobs/{jobId}`. */
  jobId!: string;
}

export const toSummary = ({ text, coversThroughSeq, stale, createdAt }: SummaryRecord): Summary => ({
  text,
  coversThroughSeq,
  stale,
  createdAt: createdAt.toISOString(),
});
