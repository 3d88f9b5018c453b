import { Injectable } from '@nestjs/common';
import { Cacheable, CacheableMany, CacheEvict } from '@rapport/cache';
import { isUniqueViolation } from '../platform/database/database.failures.js';
import { Database } from '../platform/database/database.js';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { isId, newId } from '../platform/ids/ids.js';
import { foldIdentifier } from '../platform/text/fold-identifier.js';
import { WarmsAtLogin } from '../platform/warm-up/warms-at-login.decorator.js';
import { avatarToken } from './avatars/avatar-url.js';
import { AvatarsRepository } from './avatars/avatars.repository.js';
import { changeOf, type ProfilePatch } from './profile-patch.js';
import type { UserEntity } from './user.entity.js';
import { TOMBSTONE, toPublicProfile, toUserRecord } from './user.record.js';
import { userById, userIdByUsername, usernameExists, usernameSkeleton, userProfile } from './users.cache.js';
import { USER_UPDATED, userStream } from './users.events.js';
import { invalidUsername, noSuchUser, userErrors } from './users.errors.js';
import { UsersRepository, type NewUserRow, type UserChange } from './users.repository.js';
import { displayUsername, skeletonOf, usernameViolations } from './users.rules.js';
import type { PublicProfile, Tier, UserRecord } from './users.types.js';

export interface NewUser {
  email: string | null;
  username: string;
  /** Argon2id in PHC form; null for people who sign in elsewhere. */
  passwordHash: string | null;
  /** @default the username */
  displayName?: string;
}

interface Names {
  id: string;
  usernameNormalized: string;
}

const idOf = ({ id }: Names): [string] => [id];
const nameOf = ({ usernameNormalized }: Names): [string] => [usernameNormalized];
/** A new name takes what was remembered about it, and about the old one, out of date. */
const bothNames = (before: Names, after: Names): [string][] => [nameOf(before), nameOf(after)];
const shapeOf = ({ usernameNormalized }: Names): [string] => [skeletonOf(usernameNormalized)];
const bothShapes = (before: Names, after: Names): [string][] => [shapeOf(before), shapeOf(after)];

/** Who exists. The database decides who a name and an address belong to; everything read often is cached. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly avatars: AvatarsRepository,
    private readonly outbox: EventOutbox,
  ) {}

  /** @throws not-found */
  async get(userId: string): Promise<UserRecord> {
    return (await this.find(userId)) ?? noSuchUser(userId);
  }

  async find(userId: string): Promise<UserRecord | undefined> {
    return isId(userId) ? ((await this.recordOf(userId.toLowerCase())) ?? undefined) : undefined;
  }

  /** @throws not-found */
  async getProfile(userId: string): Promise<PublicProfile> {
    const profile = isId(userId) ? await this.profileOf(userId.toLowerCase()) : null;
    return profile && !profile.deleted ? profile : noSuchUser(userId);
  }

  async displayNameOf(userId: string): Promise<string> {
    return (await this.get(userId)).displayName;
  }

  async tierOf(userId: string): Promise<Tier> {
    return (await this.get(userId)).tier;
  }

  /** Reads what the next requests of this person need, so that they hit. */
  @WarmsAtLogin()
  async warm(userId: string): Promise<void> {
    await Promise.all([this.find(userId), this.profileOf(userId)]);
  }

  /** @throws validation-failed when no one may have this username */
  assertUsable(username: string): void {
    const violations = usernameViolations(username);
    if (violations.length > 0) throw invalidUsername(violations);
  }

  /** Joins the running transaction. @throws username-taken, email-taken, validation-failed */
  async create(input: NewUser): Promise<UserRecord> {
    this.assertUsable(input.username);
    const username = displayUsername(input.username);
    const usernameNormalized = foldIdentifier(username);
    const id = newId();
    await this.insert({
      id,
      email: input.email,
      emailNormalized: input.email === null ? null : foldIdentifier(input.email),
      username,
      usernameNormalized,
      usernameSkeleton: skeletonOf(usernameNormalized),
      displayName: input.displayName ?? username,
      passwordHash: input.passwordHash,
    });
    const created = await this.users.findById(id);
    return created ? toUserRecord(created) : noSuchUser(id);
  }

  /**
   * Applies a merge patch; an unchanged value is not a change.
   * @param assertVersion called with the version about to be replaced; throws when the caller expected another
   * @throws not-found, precondition-failed, username-taken, validation-failed
   */
  async patch(
    userId: string,
    patch: ProfilePatch,
    assertVersion: (version: number) => void,
  ): Promise<UserRecord> {
    return this.database.transaction(async () => {
      const current = (await this.users.findByIdForUpdate(userId)) ?? noSuchUser(userId);
      assertVersion(current.version);
      const change = changeOf(current, patch);
      await this.apply(current, change);
      return toUserRecord((await this.users.findById(userId)) ?? noSuchUser(userId));
    });
  }

  /** Joins the running transaction. Uploaded pictures that are not shown any more go. @throws not-found, precondition-failed */
  async setAvatar(
    userId: string,
    avatarUrl: string | null,
    assertVersion: (version: number) => void,
  ): Promise<UserRecord> {
    return this.database.transaction(async () => {
      const current = (await this.users.findByIdForUpdate(userId)) ?? noSuchUser(userId);
      assertVersion(current.version);
      await this.apply(current, current.avatarUrl === avatarUrl ? {} : { avatarUrl });
      return toUserRecord((await this.users.findById(userId)) ?? noSuchUser(userId));
    });
  }

  async setTier(userId: string, tier: Tier): Promise<UserRecord> {
    return this.database.transaction(async () => {
      const current = (isId(userId) && (await this.users.findByIdForUpdate(userId))) || noSuchUser(userId);
      await this.apply(current, current.tier === tier ? {} : { tier, tierSince: new Date() });
      return toUserRecord((await this.users.findById(userId)) ?? noSuchUser(userId));
    });
  }

  /**
   * Joins the running transaction. From its commit on the account is gone for everybody; its name stays taken until it
   * is erased. False for an account that is closed already.
   * @throws precondition-failed
   */
  async close(userId: string, assertVersion: (version: number) => void): Promise<boolean> {
    return this.database.transaction(async () => {
      const current = await this.users.findByIdForUpdate(userId);
      if (!current) return false;
      assertVersion(current.version);
      await this.update(current, current, { deletedAt: new Date() });
      return true;
    });
  }

  /** Joins the running transaction. Leaves a row that tells nothing of a closed account, for those who refer to it. */
  async erase(userId: string): Promise<void> {
    await this.database.transaction(async () => {
      const current = await this.users.findAnyById(userId);
      if (!current?.deletedAt || current.erasedAt) return;
      const usernameNormalized = `~${userId}`;
      await this.update(
        current,
        { id: userId, usernameNormalized },
        {
          ...TOMBSTONE,
          usernameNormalized,
          usernameSkeleton: null,
          email: null,
          emailNormalized: null,
          passwordHash: null,
          locale: null,
          timezone: null,
          role: 'user',
          erasedAt: new Date(),
        },
      );
      await this.avatars.deleteOf(userId, undefined);
    });
  }

  /** For sign-in only: the address's account and its password hash, straight from the database. */
  credentialsByEmail(email: string): Promise<{ id: string; passwordHash: string | null } | null> {
    return this.users.credentialsByEmail(foldIdentifier(email));
  }

  /** The same password hashed anew, unless it was changed meanwhile. Not a change of the user: the version stays. */
  rehash(userId: string, from: string, to: string): Promise<void> {
    return this.users.replacePasswordHash(userId, from, to);
  }

  /** Whether nobody has ever registered. */
  isEmpty(): Promise<boolean> {
    return this.users.isEmpty();
  }

  @Cacheable(userById)
  protected async recordOf(userId: string): Promise<UserRecord | null> {
    const row = await this.users.findById(userId);
    return row && toUserRecord(row);
  }

  @Cacheable(userProfile)
  async profileOf(userId: string): Promise<PublicProfile | null> {
    const row = await this.users.findAnyById(userId);
    return row && toPublicProfile(row);
  }

  /** Those that exist, in the order of the ids. */
  async profilesOf(userIds: readonly string[]): Promise<PublicProfile[]> {
    return (await this.cachedProfilesOf([...userIds])).filter((profile) => profile !== null);
  }

  @CacheableMany(userProfile, { id: (profile) => profile?.id ?? '' })
  protected async cachedProfilesOf(userIds: string[]): Promise<(PublicProfile | null)[]> {
    return (await this.users.findAnyByIds(userIds)).map(toPublicProfile);
  }

  // A name that was looked up before it was taken is remembered as nobody's.
  @CacheEvict(userIdByUsername, nameOf)
  @CacheEvict(usernameExists, nameOf)
  @CacheEvict(usernameSkeleton, shapeOf)
  protected async insert(row: NewUserRow): Promise<void> {
    await taken(row, () => this.users.insert(row));
  }

  private async apply(current: UserEntity, change: UserChange): Promise<void> {
    if (Object.keys(change).length === 0) return;
    const { id, usernameNormalized } = current;
    await this.update(
      current,
      { id, usernameNormalized: change.usernameNormalized ?? usernameNormalized },
      change,
    );
    if (change.avatarUrl !== undefined) await this.avatars.deleteOf(id, avatarToken(change.avatarUrl));
    this.outbox.add({ stream: userStream(id), type: USER_UPDATED, data: { userId: id } });
  }

  @CacheEvict(userById, idOf)
  @CacheEvict(userProfile, idOf)
  @CacheEvict(userIdByUsername, { keys: bothNames })
  @CacheEvict(usernameExists, { keys: bothNames })
  @CacheEvict(usernameSkeleton, { keys: bothShapes })
  protected async update(before: Names, after: Names, change: UserChange): Promise<void> {
    await taken(after, () => this.users.update(before.id, change));
  }
}

/** Turns the database's verdict on a race into the answer for its loser. */
async function taken(names: Pick<Names, 'usernameNormalized'>, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (isUniqueViolation(error, 'users_username_normalized_key')) {
      throw userErrors['username-taken'](
        `"${names.usernameNormalized}" belongs to someone else; choose another username.`,
        {
          cause: error,
        },
      );
    }
    if (isUniqueViolation(error, 'users_username_skeleton_key')) {
      throw userErrors['username-taken'](
        `"${names.usernameNormalized}" looks like the name of someone else; choose another username.`,
        { cause: error },
      );
    }
    if (isUniqueViolation(error, 'users_email_normalized_key')) {
      throw userErrors['email-taken']('There is an account with this email address; log in instead.', {
        cause: error,
      });
    }
    throw error;
  }
}
