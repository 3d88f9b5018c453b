import type { AppError } from '../../platform/errors/app-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';

/**
 * What another service did wrong, as people may read it. Never with an address, a header or a body: any of them may hold
 * a token. For the same reason there is no cause.
 */
export const outboundFailed = (of: string, fault: string, members?: Record<string, unknown>): AppError =>
  platformErrors['upstream-failed'](`${of} ${fault}.`, members && { members });

export const outboundTimeout = (of: string, ms: number): AppError =>
  platformErrors['upstream-timeout'](
    `${of} did not answer within ${Math.ceil(ms / 1000)} s; try again later.`,
  );

const unsent = new WeakSet<Error>();

/** Of a request that was never sent. */
export function asUnsent(error: AppError): AppError {
  unsent.add(error);
  return error;
}

/** Whether nothing was sent: then nothing has happened at the other end, and the same may be tried again at once. */
export const isUnsent = (error: unknown): boolean => error instanceof Error && unsent.has(error);

/** By the codes of undici and Node. */
const FAULTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'could not be reached in time',
  UND_ERR_HEADERS_OVERFLOW: 'answered with too large headers',
  ENOTFOUND: 'could not be found: its name has no address',
  EAI_AGAIN: 'could not be found: names are not resolved at present',
  ECONNREFUSED: 'refused the connection',
  CERT_HAS_EXPIRED: 'has an expired certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate of nobody that is trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of nobody that is trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate of nobody that is trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  ERR_NOT_PUBLIC: 'is not at a public address; name its host in CONNECTOR_TRUSTED_HOSTS if that is right',
};

export function faultOf(error: unknown): string {
  const code = codeOf(error) ?? '';
  if (code.startsWith('HPE_')) return 'answered with something that is not HTTP';
  return FAULTS[code] ?? 'broke the connection off';
}

/** Several attempts at several addresses fail with an error that holds theirs. */
function codeOf(error: unknown): string | undefined {
  const { code, errors } = error as { code?: string; errors?: unknown[] };
  return code ?? (errors ? codeOf(errors[0]) : undefined);
}
