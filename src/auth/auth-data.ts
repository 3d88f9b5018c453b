import { Injectable } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { Database } from '../platform/database/database.js';
import {
  ErasesUserData,
  ExportsUserData,
  type ExportedBatch,
} from '../platform/user-data/user-data.decorators.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { IdentitiesService } from './identities.service.js';
import { RefreshTokensService } from './refresh-tokens.service.js';

const actorOf = (userId: string): Actor => ({ id: userId, role: 'user' });

/** How people sign in. Secrets are kept as hashes, which are of no use to anybody: they are not taken along. */
@Injectable()
export class AuthData {
  constructor(
    private readonly database: Database,
    private readonly tokens: RefreshTokensService,
    private readonly identities: IdentitiesService,
    private readonly keys: ApiKeysService,
  ) {}

  @ExportsUserData('sign-in')
  async export(userId: string): Promise<ExportedBatch> {
    const [identities, keys] = await Promise.all([
      this.identities.listOf(userId),
      this.keys.list(actorOf(userId)),
    ]);
    const content = {
      identities: identities.map(({ issuer, subject, createdAt }) => ({ issuer, subject, createdAt })),
      apiKeys: keys.map(({ secretHash: _secretHash, userId: _userId, ...key }) => key),
    };
    return { parts: [{ file: 'sign-in.json', content: JSON.stringify(content, null, 2) }] };
  }

  @ErasesUserData('sign-in', 50)
  async erase(userId: string): Promise<boolean> {
    await this.tokens.removeAllOf(userId);
    await this.database.transaction(async () => {
      for (const identity of await this.identities.listOf(userId)) await this.identities.unlink(identity);
    });
    for (const { id } of await this.keys.list(actorOf(userId))) await this.keys.remove(actorOf(userId), id);
    return false;
  }
}
