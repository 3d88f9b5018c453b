import type { FieldError } from '../platform/errors/app-error.js';
import { foldIdentifier } from '../platform/text/fold-identifier.js';

export const PASSWORD_MIN_LENGTH = 8;
export const PASSWORD_MAX_LENGTH = 200;

/** What a DTO cannot see: the first passwords anybody would guess. Length is checked by the DTO. */
export function passwordFaults(password: string, names: { email: string; username: string }): FieldError[] {
  const plain = foldIdentifier(password);
  const email = foldIdentifier(names.email);
  const guessable = [email, email.split('@')[0], foldIdentifier(names.username)].includes(plain);
  return guessable
    ? [
        {
          pointer: '#/password',
          code: 'guessable',
          detail: 'Choose a password that is not your email address or username.',
        },
      ]
    : [];
}
