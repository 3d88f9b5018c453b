import { ClientError, ResponseBodyError } from 'openid-client';
import { AppError } from '../../platform/errors/app-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { isUnsent, outboundFailed } from '../outbound/outbound.errors.js';

/**
 * - `refused`: the grant is none any more; only the person can renew it
 * - `failed`: the platform answered with something else; the tokens are as they were
 * - `unknown`: there was no answer, and yet the platform may have acted
 */
export interface GrantFault {
  outcome: 'refused' | 'failed' | 'unknown';
  /** For people. Without a cause: what libraries put there holds tokens. */
  error: AppError;
}

/** GitHub has a word of its own. */
const REFUSALS = new Set(['invalid_grant', 'bad_refresh_token', 'bad_verification_code']);
/** Whoever stands before the platform did not hear from it in time. */
const GATEWAY_FAULTS = new Set([502, 504]);
const OAUTH_CODE = /^[\w.-]{1,64}$/;

/** What a failed request to an authorisation server means. */
export function grantFault(title: string, error: unknown): GrantFault {
  const known = [...chainOf(error)].find((link) => link instanceof AppError);
  if (known) return { outcome: isUnsent(known) ? 'failed' : 'unknown', error: known };
  const status = statusOf(error);
  const code = oauthCodeOf(error);
  if (status !== undefined && GATEWAY_FAULTS.has(status))
    return { outcome: 'unknown', error: outboundFailed(title, `answered ${status} for tokens`) };
  // Reddit says 400 and no more.
  if (code === undefined && status === 400)
    return { outcome: 'refused', error: outboundFailed(title, 'refused to give tokens') };
  if (code !== undefined) {
    const said = OAUTH_CODE.test(code) ? ` (${code})` : '';
    return {
      outcome: REFUSALS.has(code) ? 'refused' : 'failed',
      error: outboundFailed(title, `refused to give tokens${said}`),
    };
  }
  const clientCode = error instanceof ClientError ? error.code : undefined;
  if (clientCode === 'OAUTH_TIMEOUT' || clientCode === 'OAUTH_ABORT')
    return { outcome: 'unknown', error: timedOut(title) };
  if (clientCode !== undefined)
    return { outcome: 'failed', error: outboundFailed(title, 'answered with something that is no grant') };
  return { outcome: 'unknown', error: outboundFailed(title, 'could not be asked for tokens') };
}

/** What an authorisation server calls its refusal, also where it does so with status 200. */
function oauthCodeOf(error: unknown): string | undefined {
  if (error instanceof ResponseBodyError) return error.error;
  for (const link of chainOf(error)) {
    const { body } = link as { body?: { error?: unknown } };
    if (typeof body?.error === 'string') return body.error;
  }
  return undefined;
}

/** Of the answer, if there was one. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof ResponseBodyError) return error.status;
  const answer = [...chainOf(error)].find((link) => link instanceof Response);
  return answer?.status;
}

function* chainOf(error: unknown): Generator<object> {
  for (let link = error; typeof link === 'object' && link !== null; link = (link as Error).cause) yield link;
}

const timedOut = (title: string): AppError =>
  platformErrors['upstream-timeout'](`${title} did not answer in time; try again later.`);
