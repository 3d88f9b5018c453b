import { ProblemError, toProblem } from './problem.js';
import type { Session } from './session.js';

const DEADLINE_MS = 20_000;

export interface Call {
  body?: unknown;
  /** Ends the wait, for instance when the page that asked is left. */
  signal?: AbortSignal;
  /** Makes a creating POST safe to send again. */
  idempotencyKey?: string;
  /** Answers whose body is wanted although their status is an error; readiness tells its story with a 503. */
  accept?: readonly number[];
}

/**
 * One request without a caller.
 * @throws ProblemError what the service refused it with
 */
export async function send<Body>(
  method: string,
  path: string,
  call: Call = {},
  token?: string,
): Promise<Body> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const response = await fetch(path, {
    method,
    signal: call.signal ? AbortSignal.any([call.signal, deadline]) : deadline,
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  const body = parse(await response.text());
  if (response.ok || call.accept?.includes(response.status)) return body as Body;
  throw new ProblemError(toProblem(body, response.status));
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page; toProblem says so.
    return undefined;
  }
}

/** Requests of whoever is signed in. */
export class ApiClient {
  constructor(private readonly session: Session) {}

  get<Body>(path: string, call?: Call): Promise<Body> {
    return this.call('GET', path, call);
  }

  post<Body>(path: string, call?: Call): Promise<Body> {
    return this.call('POST', path, call);
  }

  private async call<Body>(method: string, path: string, call?: Call): Promise<Body> {
    const token = await this.session.accessToken();
    try {
      return await send<Body>(method, path, call, token);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.status !== 401) throw error;
      // The token was withdrawn before its time, or this computer's clock is off.
      return send<Body>(method, path, call, await this.session.renew());
    }
  }
}
