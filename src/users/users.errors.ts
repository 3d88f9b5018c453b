import { defineErrors, type AppError } from '../platform/errors/app-error.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import type { UsernameViolation } from './users.rules.js';

export const userErrors = defineErrors('users', {
  'username-taken': { kind: 'conflict', title: 'Username is taken' },
  'already-pending': { kind: 'conflict', title: 'Account is being deleted already' },
  'email-taken': { kind: 'conflict', title: 'Email address is taken' },
});

/** For `find() ?? noSuchUser(id)`. */
export function noSuchUser(userId: string): never {
  throw platformErrors['not-found'](`There is no user ${JSON.stringify(userId.slice(0, 64))}.`);
}

export const invalidUsername = (violations: readonly UsernameViolation[]): AppError =>
  platformErrors['validation-failed']('The username cannot be used; see errors.', {
    errors: violations.map(({ code, detail }) => ({ pointer: '#/username', code, detail })),
  });
