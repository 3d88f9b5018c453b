import { ARCHIVE_LIMITS } from './card.limits.js';
import { cardInvalid } from './card-findings.js';

/**
 * Nothing of a card is ever written under the names inside it; they are refused all the same, because whoever unpacks
 * an export might.
 *
 * @throws card-invalid for a path that leads out of its folder, or that some system reads otherwise
 */
export function assertSafePath(path: string): void {
  const unsafe =
    path === '' ||
    Buffer.byteLength(path) > ARCHIVE_LIMITS.nameBytes ||
    /[\\\p{Cc}\p{Surrogate}\uFFFD]/u.test(path) ||
    /^(?:\/|[A-Za-z]:)/.test(path) ||
    path.split('/').some((part) => ['..', '.', '', '__proto__'].includes(part));
  if (unsafe)
    throw cardInvalid(
      'unsafe-path',
      `The name ${JSON.stringify(path.slice(0, 80))} in the file is not allowed.`,
    );
}
