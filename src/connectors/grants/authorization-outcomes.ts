import { AppError, errorCatalogue } from '../../platform/errors/app-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { connectorErrors } from '../connectors.errors.js';
import { outboundFailed } from '../outbound/outbound.errors.js';

export type AuthorizationResult = 'connected' | 'denied' | 'error';

/** How an authorisation ended, as it is told again to who reloads the page. */
export interface AuthorizationOutcome {
  result: AuthorizationResult;
  /** A problem code, and what people are told. */
  code?: string;
  detail?: string;
}

/** The outcome of an authorisation that failed; what nobody foresaw is told nobody. */
export function failure(error: unknown): AuthorizationOutcome {
  const { code, message } =
    error instanceof AppError ? error : platformErrors.internal('The platform could not be connected.');
  return { result: code === 'access-denied' ? 'denied' : 'error', code, detail: message };
}

/** The outcome as the error that it once was. */
export function problemOf({
  result,
  code = 'internal',
  detail = '',
}: AuthorizationOutcome): AppError | undefined {
  if (result === 'connected') return undefined;
  const { kind, title } = errorCatalogue.get(code) ?? { kind: 'internal', title: 'Internal error' };
  return new AppError(code, kind, title, detail);
}

/** A platform's own word for why there is no code (RFC 6749 §4.1.2.1). */
export const refusalOf = (title: string, error: string | undefined): AppError =>
  error === 'access_denied'
    ? connectorErrors['access-denied'](`You did not allow the access to ${title}; nothing was connected.`)
    : outboundFailed(title, 'sent nobody back with a code');
