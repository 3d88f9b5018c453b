import { defineErrors } from '../../platform/errors/app-error.js';

export const apiKeyErrors = defineErrors('auth', {
  'too-many-api-keys': { kind: 'conflict', title: 'There are enough API keys' },
});
