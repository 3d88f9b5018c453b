import { defineErrors } from '../platform/errors/app-error.js';

export const usageErrors = defineErrors('usage', {
  'quota-exceeded': { kind: 'too-many-requests', title: 'Daily quota is used up' },
  'already-settled': { kind: 'conflict', title: 'Reservation is already settled' },
  expired: { kind: 'gone', title: 'Reservation has expired' },
});
