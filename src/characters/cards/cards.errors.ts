import { defineErrors } from '../../platform/errors/app-error.js';

export const cardErrors = defineErrors('characters', {
  'card-invalid': { kind: 'invalid', title: 'Not a character card' },
});
