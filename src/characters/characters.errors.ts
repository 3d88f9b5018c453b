import { defineErrors, type AppError } from '../platform/errors/app-error.js';
import { platformErrors } from '../platform/errors/platform.errors.js';

export const characterErrors = defineErrors('characters', {
  'gallery-full': { kind: 'conflict', title: 'The gallery is full' },
});

export const characterNotFound = (id: string): AppError =>
  platformErrors['not-found'](
    `There is no character "${id}" that you may see; GET /api/characters lists them.`,
  );
