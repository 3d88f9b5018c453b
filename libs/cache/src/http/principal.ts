import type { HttpRequest } from './http-request.js';

/** Says on whose behalf a request is made; undefined for nobody in particular. */
export type PrincipalOf<Request> = (request: Request) => string | undefined;

/** What says that a request is somebody's, even if it is not known whose. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key'] as const;

/** Whom guards usually leave on the request: `user.id`, `user.sub` or `actor.id`. */
export function principalOfGuards(request: HttpRequest): string | undefined {
  const user = request.user as { id?: unknown; sub?: unknown } | null | undefined;
  const actor = request.actor as { id?: unknown } | null | undefined;
  const id = user?.id ?? user?.sub ?? actor?.id;
  return typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint' ? String(id) : undefined;
}

/**
 * Whether a request without a principal might still be answered for somebody: then its response is nobody else's, and
 * as nobody knows whose it is, it is not stored (RFC 9111 §3.5).
 */
export function isSomebodys(request: HttpRequest): boolean {
  if (request.user != null || request.actor != null) return true;
  for (const name of CREDENTIALS) if (request.headers[name] !== undefined) return true;
  return false;
}
