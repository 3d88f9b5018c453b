// One policy for the API, the API pages and the console: scripts only from here, no frames, no plug-ins. Inline styles
// are what the API pages and the console's charts need; sockets need ws: because old Safari does not count them as 'self'.
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob: https:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const HALF_A_YEAR_S = 15_552_000;

/** Sent with every answer. HSTS only where the public address is https, or development over http would break. */
export const securityHeaders = (publicUrl: string | undefined): Record<string, string> => ({
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  ...(publicUrl?.startsWith('https:') ? { 'strict-transport-security': `max-age=${HALF_A_YEAR_S}` } : {}),
});
