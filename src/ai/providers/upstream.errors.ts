import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { AppError } from '../../platform/errors/app-error.js';

const MAX_RETRY_AFTER_MS = 3_600_000;

interface RefusedResponse {
  status: number;
  retryAfter?: string;
  /** `error.code` or `error.type` of the body. Its message is left out: servers quote keys and prompts in it. */
  code?: string;
}

/** The model server answered with something other than a reply. Its limit is not the caller's, so 429 becomes 502. */
export function refusedByUpstream({ status, retryAfter, code }: RefusedResponse): AppError {
  return platformErrors['upstream-failed'](
    `The model server answered ${status}${code ? ` (${code})` : ''}. ${hintFor(status)}`,
    { retryAfterMs: status === 429 || status === 503 ? retryAfterMsOf(retryAfter) : undefined },
  );
}

function hintFor(status: number): string {
  if (status >= 300 && status < 400)
    return 'Redirects are not followed; set AI_BASE_URL to the final address.';
  if (status === 401 || status === 403) return 'Check AI_API_KEY.';
  if (status === 404) return 'Check AI_BASE_URL (it ends with /v1 on most servers) and AI_MODEL.';
  if (status === 400 || status === 413 || status === 422)
    return 'Check AI_MODEL, and that AI_CONTEXT_WINDOW is not larger than the model’s.';
  if (status === 429) return 'Its rate limit is reached; try again later.';
  return 'Try again later.';
}

/** `Retry-After` in ms: seconds or a date, at most an hour. */
function retryAfterMsOf(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(Math.max(0, Math.ceil(ms)), MAX_RETRY_AFTER_MS);
}

export const brokenReply = (what: string, cause?: unknown): AppError =>
  platformErrors['upstream-failed'](`The model server ${what}; try again.`, { cause });

export const upstreamTimeout = (what: string, setting: string): AppError =>
  platformErrors['upstream-timeout'](`The model server ${what}; try again, or raise ${setting}.`);
