import { defineErrors } from '../platform/errors/app-error.js';
import { formatErrorsUnder, type FormattedError } from '../platform/http/error-format.js';
import type { Problem } from '../platform/http/problem.js';

/** Where these routes live; their clients know no problem documents. */
const OPENAI_PREFIX = '/openai/';

export const openAiErrors = defineErrors('openai', {
  'unsupported-parameter': { kind: 'invalid', title: 'This parameter is not supported' },
  'model-not-found': { kind: 'not-found', title: 'There is no such model' },
});

/** As OpenAI's API tells errors. */
export interface OpenAiError {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

interface Meaning {
  type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'insufficient_quota'
    | 'rate_limit_error'
    | 'server_error';
  code: string | null;
  /** Where OpenAI answers with another status. */
  status?: number;
}

/** Codes that OpenAI's clients know by another name; the others keep theirs, with underscores. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  unauthenticated: { type: 'authentication_error', code: 'invalid_api_key' },
  forbidden: { type: 'invalid_request_error', code: 'insufficient_permissions' },
  'model-not-found': { type: 'invalid_request_error', code: 'model_not_found' },
  'not-found': { type: 'invalid_request_error', code: 'unknown_url' },
  'context-overflow': { type: 'invalid_request_error', code: 'context_length_exceeded', status: 400 },
  'quota-exceeded': { type: 'insufficient_quota', code: 'insufficient_quota' },
  'rate-limited': { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  'validation-failed': { type: 'invalid_request_error', code: null },
};

const meaningOf = ({ code, status }: Problem): Meaning =>
  MEANINGS[code] ?? {
    type: status >= 500 ? 'server_error' : 'invalid_request_error',
    code: code.replaceAll('-', '_'),
  };

export function openAiErrorOf(problem: Problem): OpenAiError {
  const { type, code } = meaningOf(problem);
  return { message: problem.detail, type, param: paramOf(problem), code };
}

/** `#/messages/0/role` is `messages[0].role` to OpenAI's clients. */
function paramOf({ errors }: Problem): string | null {
  const pointer = errors?.[0]?.pointer;
  if (pointer === undefined) return null;
  const path = pointer
    .replace(/^#\//, '')
    .replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.');
  return path === '' || path === '#' ? null : path;
}

function format(problem: Problem): FormattedError {
  const status = meaningOf(problem).status ?? problem.status;
  // Clients that repeat a 429 by themselves would do so in vain until midnight.
  const headers: Record<string, string> =
    problem.code === 'quota-exceeded' ? { 'x-should-retry': 'false' } : {};
  return { status, headers, body: { error: openAiErrorOf(problem) } };
}

formatErrorsUnder(OPENAI_PREFIX, format);
