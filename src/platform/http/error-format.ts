import type { Problem } from './problem.js';

/** An answer that stands for a problem where clients expect another form than problem documents. */
export interface FormattedError {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

type ErrorFormat = (problem: Problem) => FormattedError;

const formats = new Map<string, ErrorFormat>();

/**
 * Gives every error under a path prefix a form of its own, also those that no controller sees: unknown paths, bodies that
 * are too large, a server that is shutting down.
 *
 * @example
 * formatErrorsUnder('/openai/', toOpenAiError);
 */
export function formatErrorsUnder(prefix: string, format: ErrorFormat): void {
  formats.set(prefix, format);
}

/** Undefined where errors are problem documents. */
export function errorFormatOf(path: string): ErrorFormat | undefined {
  for (const [prefix, format] of formats) if (path.startsWith(prefix)) return format;
  return undefined;
}
