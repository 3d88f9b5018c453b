import { defineErrors } from '../platform/errors/app-error.js';

export const connectorErrors = defineErrors('connectors', {
  'return-url-not-allowed': { kind: 'invalid', title: 'Return URL is not allowed' },
  'already-connected': { kind: 'conflict', title: 'The platform is connected already' },
  'not-configured': { kind: 'unavailable', title: 'The platform is not configured' },
  'state-invalid': { kind: 'invalid', title: 'Authorization is not one of this browser' },
  'state-expired': { kind: 'invalid', title: 'Authorization took too long' },
  'state-used': { kind: 'invalid', title: 'Authorization was used already' },
  'issuer-mismatch': { kind: 'invalid', title: 'The answer is of another issuer' },
  'access-denied': { kind: 'forbidden', title: 'Access was denied' },
  'not-connected': { kind: 'failed-dependency', title: 'The platform is not connected' },
  'needs-reauth': { kind: 'failed-dependency', title: 'The platform must be connected anew' },
  'missing-scopes': { kind: 'conflict', title: 'The grant does not cover this' },
  'job-active': { kind: 'conflict', title: 'Such a job is active already' },
  'in-progress': { kind: 'conflict', title: 'It is being computed already' },
  'not-enough-data': { kind: 'not-found', title: 'There is not enough data' },
});
