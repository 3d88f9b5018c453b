import { defineErrors } from '../platform/errors/app-error.js';

export const realtimeErrors = defineErrors('realtime', {
  'protocol-unsupported': { kind: 'invalid', title: 'Protocol version is not supported' },
  draining: { kind: 'unavailable', title: 'The instance is shutting down' },
});
