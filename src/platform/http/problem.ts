import { HttpException } from '@nestjs/common';
import { LockError } from '@rapport/redis';
import { AppError, type ErrorKind, STATUS_OF_KIND, type FieldError } from '../errors/app-error.js';
import { platformErrors } from '../errors/platform.errors.js';
import { isDatabaseUnavailable, isOfClosedAccount, isUnstorableText } from './database-faults.js';

/** RFC 9457 problem details; the same document over HTTP, in socket acks and in SSE errors. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  code: string;
  requestId?: string;
  retryAfterMs?: number;
  errors?: FieldError[];
  [member: string]: unknown;
}

export interface ProblemOrigin {
  /** Path of the request or name of the socket event. */
  instance?: string;
  requestId?: string;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** What a client is told about any error. Internals of an unexpected one are never part of it. */
export function toProblem(error: unknown, origin: ProblemOrigin = {}): Problem {
  const { code, title, status, message, retryAfterMs, errors, members } = toAppError(error);
  return {
    ...members,
    type: `/problems/${code}`,
    title,
    status,
    detail: message,
    ...(origin.instance === undefined ? {} : { instance: origin.instance }),
    code,
    ...(origin.requestId === undefined ? {} : { requestId: origin.requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(errors === undefined ? {} : { errors }),
  };
}

const UNAVAILABLE_RETRY_MS = 1000;

/** The AppError that stands for any thrown value; the value itself stays its `cause`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HttpException) return fromStatus(error.getStatus(), error.message, error);
  if (isDatabaseUnavailable(error)) {
    const options = { cause: error, retryAfterMs: UNAVAILABLE_RETRY_MS };
    return platformErrors.unavailable(
      'The database does not answer at the moment; try again shortly.',
      options,
    );
  }
  if (isOfClosedAccount(error)) {
    return platformErrors.unauthenticated('The account is closed.', { cause: error });
  }
  if (error instanceof LockError) {
    return platformErrors.unavailable(
      'This is being done elsewhere, or cannot be done alone now; try again shortly.',
      {
        cause: error,
        retryAfterMs: UNAVAILABLE_RETRY_MS,
      },
    );
  }
  if (isUnstorableText(error)) {
    return platformErrors['validation-failed'](
      'The request has a NUL character (U+0000), which no text can hold; leave it out.',
      { cause: error },
    );
  }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return fromStatus(error.statusCode, error.message, error);
  }
  return internal(error);
}

const internal = (cause: unknown): AppError =>
  platformErrors.internal('Something went wrong on our side; the request id leads to the log entry.', {
    cause,
  });

type PlatformCode = keyof typeof platformErrors;

const CODE_OF_KIND: Partial<Record<ErrorKind, PlatformCode>> = {
  invalid: 'validation-failed',
  conflict: 'conflict',
  gone: 'stream-expired',
  unprocessable: 'validation-failed',
  'failed-dependency': 'conflict',
  'too-many-requests': 'rate-limited',
};

function fromStatus(status: number, message: string, cause: Error): AppError {
  const kind = Object.entries(STATUS_OF_KIND).find(([, candidate]) => candidate === status)?.[0] as ErrorKind;
  if (status === 500 || (kind === undefined && status >= 500)) return internal(cause);
  const code = kind === undefined ? 'validation-failed' : (CODE_OF_KIND[kind] ?? (kind as PlatformCode));
  return platformErrors[code](detailOf(message, cause), { cause });
}

/** Fastify's own messages name its internals; these name the fix. */
function detailOf(message: string, error: Error): string {
  const source = error.cause instanceof Error ? error.cause : error;
  switch ('code' in source ? source.code : undefined) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return 'The request body is larger than this route accepts; send less at once.';
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'This route does not read that Content-Type; send application/json.';
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return 'The body is empty; send a JSON document or leave out the Content-Type.';
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return 'The body is not valid JSON.';
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return 'The body does not have the length that Content-Length announces.';
    case 'FST_ERR_BAD_URL':
      return 'The path is not correctly percent-encoded.';
    default:
      return source instanceof SyntaxError ? 'The body is not valid JSON.' : message;
  }
}
