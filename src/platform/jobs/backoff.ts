import { AppError } from '../errors/app-error.js';

const MAX_BACKOFF_MS = 60_000;

/** Until the next attempt: what the failure asks for, or twice as long as before it. */
export function backoffOf(attempts: number, firstMs: number, error: unknown): number {
  const asked = error instanceof AppError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(asked, Math.min(MAX_BACKOFF_MS, firstMs * 2 ** (attempts - 1)));
}
