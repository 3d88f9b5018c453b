import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import type { Actor } from '../../platform/actor/actor.js';
import type { KeyScope } from '../../platform/actor/key-scopes.js';
import { Clock } from '../../platform/clock/clock.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { newId } from '../../platform/ids/ids.js';
import { ClosedAccounts } from '../../users/closed-accounts.service.js';
import { UsersService } from '../../users/users.service.js';
import { TokensService } from '../tokens.service.js';
import type { ApiKeyEntity } from './api-key.entity.js';
import { newSecret, prefixOf, proves } from './api-key.secret.js';
import { apiKeyByPrefix, type KnownKey } from './api-keys.cache.js';
import { apiKeyErrors } from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { KeyUses } from './key-uses.js';

const MAX_KEYS = 50;

export interface NewApiKey {
  name: string;
  scopes: KeyScope[];
  /** RFC 3339. */
  expiresAt?: string;
}

/** Who a key speaks for, and what it may do. */
export interface KeyHolder {
  actor: Actor;
  scopes: readonly KeyScope[];
}

/** Keys that people give to their own programs: named, scoped, shown once, taken back at any time. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly users: UsersService,
    private readonly closed: ClosedAccounts,
    private readonly tokens: TokensService,
    private readonly uses: KeyUses,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @throws validation-failed, forbidden, too-many-api-keys */
  async create(
    actor: Actor,
    { name, scopes, expiresAt }: NewApiKey,
  ): Promise<{ key: ApiKeyEntity; secret: string }> {
    const now = this.clock.now();
    if (scopes.includes('internal') && actor.role !== 'admin') {
      throw platformErrors.forbidden('The scope "internal" is for keys of administrators.');
    }
    const ends = expiresAt === undefined ? null : new Date(expiresAt);
    // Not every form of ISO 8601 is one that Date reads.
    if (ends && !(ends > now)) throw notAhead();
    const { secret, prefix, hash } = newSecret();
    const key: ApiKeyEntity = {
      id: newId(),
      userId: actor.id,
      name,
      prefix,
      secretHash: hash,
      scopes: [...new Set(scopes)],
      createdAt: now,
      expiresAt: ends,
      lastUsedAt: null,
    };
    await this.database.transaction(async () => {
      await this.keys.lockUser(actor.id);
      if ((await this.keys.count(actor.id)) >= MAX_KEYS) {
        throw apiKeyErrors['too-many-api-keys'](
          `There are ${MAX_KEYS} already; delete one that is not used.`,
        );
      }
      await this.keys.insert(key);
    });
    return { key, secret };
  }

  list(actor: Actor): Promise<ApiKeyEntity[]> {
    return this.keys.ofUser(actor.id);
  }

  /** From here on the key opens nothing, on any instance. @throws not-found */
  async remove(actor: Actor, id: string): Promise<void> {
    const key = await this.keys.findOwned(actor.id, id);
    if (!key) throw platformErrors['not-found']('You have no such API key.');
    // Whoever dies at the commit leaves the evict behind to be carried out.
    await this.database.transaction(() => this.delete(key));
  }

  /** @throws unauthenticated for a key that was never given, was taken back or is over, or whose owner is gone */
  async verify(presented: string): Promise<KeyHolder> {
    const prefix = prefixOf(presented);
    const key = prefix === undefined ? null : await this.known(prefix);
    if (!key || !proves(presented, key.hash)) throw notValid();
    if (key.expiresAt !== null && key.expiresAt <= this.clock.now().getTime()) {
      throw platformErrors.unauthenticated('The API key has expired; make a new one.');
    }
    const user = await this.users.find(key.userId);
    if (!user || this.closed.has(user.id)) throw notValid();
    this.uses.note(key.id);
    // Without the scope an administrator's key is that of a user: it reads and changes what is their own.
    const role = key.scopes.includes('internal') ? this.tokens.roleOf(user) : 'user';
    return { actor: { id: user.id, role }, scopes: key.scopes };
  }

  @Cacheable(apiKeyByPrefix, { unless: (key) => key === null })
  protected async known(prefix: string): Promise<KnownKey | null> {
    const key = await this.keys.findByPrefix(prefix);
    return (
      key && {
        id: key.id,
        userId: key.userId,
        hash: key.secretHash.toString('base64'),
        scopes: key.scopes,
        expiresAt: key.expiresAt?.getTime() ?? null,
      }
    );
  }

  @CacheEvict(apiKeyByPrefix, ({ prefix }: ApiKeyEntity): [string] => [prefix])
  protected async delete({ userId, id }: ApiKeyEntity): Promise<void> {
    await this.keys.remove(userId, id);
  }
}

const notValid = () =>
  platformErrors.unauthenticated('The API key is not valid; it may have been deleted. Make a new one.');

const notAhead = () => {
  const detail = 'must be a moment in the future, such as 2030-01-31T12:00:00Z';
  return platformErrors['validation-failed'](`expiresAt ${detail}.`, {
    errors: [{ pointer: '#/expiresAt', code: 'is-future', detail }],
  });
};
