/** RFC 9457, as the service sends it over HTTP and in socket acks. */
export interface Problem {
  code: string;
  title: string;
  status: number;
  detail: string;
  requestId?: string;
  retryAfterMs?: number;
  errors?: { pointer: string; code: string; detail: string }[];
}

/** The service refused. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

const UNREACHABLE: Problem = {
  code: 'unreachable',
  title: 'The service does not answer',
  status: 0,
  detail: 'Check that it is running and that you are online; what you wrote is kept.',
};

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && 'title' in value;

/** What to show for anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Error && !isNetworkFailure(error)) {
    return { code: 'internal', title: 'The console failed', status: 0, detail: error.message };
  }
  return UNREACHABLE;
}

/** What to show for the body of an HTTP answer, or for the error of an ack. */
export const toProblem = (body: unknown, status = 0): Problem =>
  isProblem(body)
    ? body
    : {
        code: 'unexpected-answer',
        title: 'Unexpected answer',
        status,
        detail: `The service answered ${status} without saying why; a proxy in between may have done so.`,
      };

/** fetch throws a TypeError when there was no answer, an AbortError or TimeoutError when nobody waited for it. */
const isNetworkFailure = ({ name }: Error): boolean =>
  ['TypeError', 'AbortError', 'TimeoutError', 'ConnectionLost'].includes(name);
