import { defineErrors } from '../platform/errors/app-error.js';

export const aiErrors = defineErrors('ai', {
  'context-overflow': { kind: 'unprocessable', title: 'The message does not fit the model’s context' },
  'model-not-available': { kind: 'invalid', title: 'This model is not offered here' },
});
