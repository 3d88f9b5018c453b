import { defineErrors } from './app-error.js';

/** The codes that any route may answer with. Features declare their own beside these. */
export const platformErrors = defineErrors('platform', {
  'validation-failed': { kind: 'invalid', title: 'Request is not valid' },
  'invalid-cursor': { kind: 'invalid', title: 'Cursor is not valid for this list' },
  unauthenticated: { kind: 'unauthenticated', title: 'Authentication is required' },
  forbidden: { kind: 'forbidden', title: 'Not allowed' },
  'not-found': { kind: 'not-found', title: 'Not found' },
  'method-not-allowed': { kind: 'method-not-allowed', title: 'Method is not allowed here' },
  'not-acceptable': { kind: 'not-acceptable', title: 'No acceptable representation' },
  conflict: { kind: 'conflict', title: 'Conflict' },
  'request-in-progress': { kind: 'conflict', title: 'The same request is still in progress' },
  'stream-expired': { kind: 'gone', title: 'The event stream is no longer kept' },
  'precondition-failed': { kind: 'precondition-failed', title: 'The resource has changed' },
  'payload-too-large': { kind: 'payload-too-large', title: 'Payload is too large' },
  'unsupported-media-type': { kind: 'unsupported-media-type', title: 'Media type is not supported' },
  'idempotency-key-reused': { kind: 'unprocessable', title: 'Idempotency key was used with another request' },
  'precondition-required': { kind: 'precondition-required', title: 'If-Match is required' },
  'rate-limited': { kind: 'too-many-requests', title: 'Too many requests' },
  internal: { kind: 'internal', title: 'Internal error' },
  'upstream-failed': { kind: 'upstream-failed', title: 'An upstream service failed' },
  unavailable: { kind: 'unavailable', title: 'Temporarily unavailable' },
  'upstream-timeout': { kind: 'upstream-timeout', title: 'An upstream service timed out' },
});
