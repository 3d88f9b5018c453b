import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import { isUniqueViolation } from '../platform/database/database.failures.js';
import { Database } from '../platform/database/database.js';
import { AppError } from '../platform/errors/app-error.js';
import { UsersService, type NewUser } from '../users/users.service.js';
import { identityUser } from './auth.cache.js';
import { ClosedIdentities } from './closed-identities.js';
import { UserIdentityEntity } from './user-identity.entity.js';

export interface ExternalIdentity {
  issuer: string;
  subject: string;
  /** Verified by the issuer. */
  email?: string;
  username?: string;
  displayName?: string;
  /** Of the token that says so. */
  issuedAt: Date;
}

const WISHED_AWAY = new Set(['username-taken', 'email-taken', 'validation-failed']);

/** People who sign in elsewhere: registered at first sight, found again by (issuer, subject). */
@Injectable()
export class IdentitiesService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly closed: ClosedIdentities,
  ) {}

  /** A closed account for a token from before its end. */
  async resolve(identity: ExternalIdentity): Promise<string> {
    const { issuer, subject, issuedAt } = identity;
    return (
      (await this.userIdOf(issuer, subject)) ??
      (await this.closed.find(issuer, subject, issuedAt)) ??
      (await this.register(identity))
    );
  }

  /** Where somebody signs in. */
  listOf(userId: string): Promise<UserIdentityEntity[]> {
    return this.database.manager.findBy(UserIdentityEntity, { userId });
  }

  /** Joins the running transaction: who comes from there again, with a token from after it, is somebody new. */
  @CacheEvict(identityUser, ({ issuer, subject }: UserIdentityEntity): [string, string] => [issuer, subject])
  async unlink({ issuer, subject, userId }: UserIdentityEntity): Promise<void> {
    await this.closed.add(issuer, subject, userId);
    await this.database.manager.delete(UserIdentityEntity, { issuer, subject });
  }

  @Cacheable(identityUser, { unless: (userId) => userId === null })
  protected async userIdOf(issuer: string, subject: string): Promise<string | null> {
    const row = await this.database.manager.findOneBy(UserIdentityEntity, { issuer, subject });
    return row?.userId ?? null;
  }

  /**
   * An address that already has an account is left to it: the issuer says whose mailbox it is, not that this person may
   * enter the account. The same goes for a wished name.
   */
  private async register(identity: ExternalIdentity): Promise<string> {
    const anyName = `user-${randomBytes(6).toString('hex')}`;
    const displayName = identity.displayName?.replace(/[\p{Cc}\p{Cs}]/gu, '').slice(0, 64) || undefined;
    const { email = null, username = anyName } = identity;
    const wishes: NewUser[] = [
      { email, username, displayName, passwordHash: null },
      { email, username: anyName, displayName, passwordHash: null },
      { email: null, username: anyName, displayName, passwordHash: null },
    ];
    for (const [index, wish] of wishes.entries()) {
      try {
        return await this.link(identity, wish);
      } catch (error) {
        if (isUniqueViolation(error, 'user_identities_pkey')) break; // a parallel request was first
        const another = error instanceof AppError && WISHED_AWAY.has(error.code) && index < wishes.length - 1;
        if (!another) throw error;
      }
    }
    const { userId } = await this.database.manager.findOneByOrFail(UserIdentityEntity, {
      issuer: identity.issuer,
      subject: identity.subject,
    });
    return userId;
  }

  private link({ issuer, subject }: ExternalIdentity, wish: NewUser): Promise<string> {
    return this.database.transaction(async () => {
      const { id } = await this.users.create(wish);
      await this.database.manager.insert(UserIdentityEntity, { issuer, subject, userId: id });
      return id;
    });
  }
}
