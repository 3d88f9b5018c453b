import { Injectable } from '@nestjs/common';
import { isAdmin, type Actor } from '../../platform/actor/actor.js';
import { Clock } from '../../platform/clock/clock.js';
import { noSuchUser } from '../../users/users.errors.js';
import { Providers } from '../registry/providers.service.js';
import type { ConnectionRecord } from './connection.types.js';
import { toConnection, type Connection } from './connections.dto.js';
import { Connections } from './connections.service.js';

/** Connections as people see them: every platform of this installation, and how it stands. */
@Injectable()
export class ConnectionViews {
  constructor(
    private readonly connections: Connections,
    private readonly providers: Providers,
    private readonly clock: Clock,
  ) {}

  async list(userId: string): Promise<{ connections: Connection[]; cached: boolean }> {
    const { records, cached } = await this.connections.statusOf(userId);
    const shown = new Set(this.providers.list().map(({ platform }) => platform));
    for (const { platform, account } of records) if (account) shown.add(platform);
    return { connections: [...shown].map((platform) => this.view(platform, records)), cached };
  }

  /** @throws not-found for another user's, except to administrators */
  async listOf(actor: Actor, userId: string): Promise<{ connections: Connection[]; cached: boolean }> {
    return this.list(assertMay(actor, userId));
  }

  /** @throws not-found */
  async get(userId: string, platform: string): Promise<Connection> {
    const { records } = await this.connections.statusOf(userId);
    this.assertKnown(platform, records);
    return this.view(platform, records);
  }

  /** @throws not-found */
  async disconnect(userId: string, platform: string): Promise<void> {
    const { records } = await this.connections.statusOf(userId);
    this.assertKnown(platform, records);
    await this.connections.disconnect(userId, platform);
  }

  /** @throws not-found */
  async disconnectOf(actor: Actor, userId: string, platform: string): Promise<void> {
    await this.disconnect(assertMay(actor, userId), platform);
  }

  private view(platform: string, records: readonly ConnectionRecord[]): Connection {
    const record = records.find((candidate) => candidate.platform === platform);
    return toConnection(platform, this.providers.find(platform), record, this.clock.now().getTime());
  }

  /** A platform that is none any more is known to those who are still connected to it. */
  private assertKnown(platform: string, records: readonly ConnectionRecord[]): void {
    if (!records.some((record) => record.platform === platform && record.account))
      this.providers.get(platform);
  }
}

const assertMay = (actor: Actor, userId: string): string =>
  userId === actor.id || isAdmin(actor) ? userId : noSuchUser(userId);
