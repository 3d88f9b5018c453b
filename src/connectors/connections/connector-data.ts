import { Injectable } from '@nestjs/common';
import {
  ErasesUserData,
  ExportsUserData,
  type ExportedBatch,
} from '../../platform/user-data/user-data.decorators.js';
import { AuthorizationsRepository } from '../grants/authorizations.repository.js';
import { AccountsRepository } from './accounts.repository.js';
import { Connections } from './connections.service.js';

/** Which platforms people have connected. Tokens are the service's keys to them and are not taken along. */
@Injectable()
export class ConnectorData {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly connections: Connections,
  ) {}

  @ExportsUserData('connections')
  async export(userId: string): Promise<ExportedBatch> {
    const content = (await this.accounts.records(userId)).flatMap(({ platform, account }) =>
      account ? [{ platform, ...account }] : [],
    );
    return { parts: [{ file: 'connections.json', content: JSON.stringify(content, null, 2) }] };
  }

  /** The platforms are asked to end their grants, as when somebody ends a connection. */
  @ErasesUserData('connections', 15)
  async erase(userId: string): Promise<boolean> {
    for (const { platform } of await this.accounts.records(userId))
      await this.connections.disconnect(userId, platform);
    await this.authorizations.removeOf(userId);
    return false;
  }
}
