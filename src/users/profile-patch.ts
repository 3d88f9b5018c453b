import { platformErrors } from '../platform/errors/platform.errors.js';
import { foldIdentifier } from '../platform/text/fold-identifier.js';
import { avatarToken } from './avatars/avatar-url.js';
import type { UserEntity } from './user.entity.js';
import { invalidUsername } from './users.errors.js';
import type { UserChange } from './users.repository.js';
import { displayUsername, skeletonOf, usernameViolations } from './users.rules.js';

/** Changes of one's own profile; null clears, absent keeps (RFC 7396). */
export interface ProfilePatch {
  username?: string;
  displayName?: string | null;
  bio?: string | null;
  avatarUrl?: string | null;
  locale?: string | null;
  timezone?: string | null;
}

type PatchedColumns = Pick<
  UserEntity,
  | 'username'
  | 'usernameNormalized'
  | 'usernameSkeleton'
  | 'displayName'
  | 'bio'
  | 'avatarUrl'
  | 'locale'
  | 'timezone'
>;

/**
 * The columns a patch really changes. A cleared display name becomes the username.
 * @throws validation-failed for a username that cannot be used
 */
export function changeOf(current: PatchedColumns, patch: ProfilePatch): UserChange {
  const wanted: UserChange = {};
  if (patch.username !== undefined) {
    const username = displayUsername(patch.username);
    const usernameNormalized = foldIdentifier(username);
    // A name kept from before a rule existed may stay, and change its capitals.
    wanted.username = username;
    if (usernameNormalized !== current.usernameNormalized) {
      const violations = usernameViolations(username);
      if (violations.length > 0) throw invalidUsername(violations);
      Object.assign(wanted, { usernameNormalized, usernameSkeleton: skeletonOf(usernameNormalized) });
    }
  }
  if (patch.displayName !== undefined) {
    wanted.displayName = patch.displayName?.trim() || (wanted.username ?? current.username);
  }
  if (patch.bio !== undefined) wanted.bio = patch.bio ?? '';
  if (patch.avatarUrl !== undefined) wanted.avatarUrl = ownPicture(current.avatarUrl, patch.avatarUrl);
  if (patch.locale !== undefined) {
    wanted.locale = patch.locale === null ? null : new Intl.Locale(patch.locale).toString();
  }
  if (patch.timezone !== undefined) wanted.timezone = patch.timezone;
  return Object.fromEntries(
    Object.entries(wanted).filter(([column, value]) => current[column as keyof PatchedColumns] !== value),
  );
}

/** An uploaded picture may stay; somebody else's cannot be taken. */
function ownPicture(current: string | null, wanted: string | null): string | null {
  if (avatarToken(wanted) === undefined || wanted === current) return wanted;
  const detail = 'It is not your picture; upload one.';
  throw platformErrors['validation-failed'](detail, {
    errors: [{ pointer: '#/avatarUrl', code: 'not-yours', detail }],
  });
}
