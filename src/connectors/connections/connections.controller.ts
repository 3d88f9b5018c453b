import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { ConnectionViews } from './connection-views.service.js';
import type {
  Connection,
  ConnectionList,
  OlderConnectionStatus,
  OlderEndedConnection,
} from './connections.dto.js';

@Controller('connectors')
export class ConnectionsController {
  constructor(private readonly views: ConnectionViews) {}

  /** Lists all platforms, connected or not. */
  @Get()
  async list(@CurrentActor() actor: Actor): Promise<ConnectionList> {
    const { connections } = await this.views.list(actor.id);
    return { items: connections };
  }

  /**
   * How somebody's platforms stand, for older clients.
   * @remarks One's own; administrators see everybody's.
   */
  @Get('status/:userId')
  async status(
    @CurrentActor() actor: Actor,
    @Param('userId', IdParam) userId: string,
  ): Promise<OlderConnectionStatus> {
    const { connections, cached } = await this.views.listOf(actor, userId);
    return { success: true, data: connections, cached };
  }

  /** How one platform stands. */
  @Get(':platform')
  get(@CurrentActor() actor: Actor, @Param('platform') platform: string): Promise<Connection> {
    return this.views.get(actor.id, platform);
  }

  /**
   * Ends a connection.
   * @remarks With the answer the tokens are gone, its jobs are cancelled and what was made of it is removed; the platform
   * is asked to end its grant shortly after. Repeated, it changes nothing.
   */
  @Delete(':platform')
  @HttpCode(204)
  disconnect(@CurrentActor() actor: Actor, @Param('platform') platform: string): Promise<void> {
    return this.views.disconnect(actor.id, platform);
  }

  /**
   * Ends a connection, for older clients.
   * @remarks One's own; administrators may end everybody's.
   */
  @Delete(':provider/:userId')
  async disconnectOf(
    @CurrentActor() actor: Actor,
    @Param('provider') platform: string,
    @Param('userId', IdParam) userId: string,
  ): Promise<OlderEndedConnection> {
    await this.views.disconnectOf(actor, userId, platform);
    return { success: true, data: { platform, status: 'disconnected' } };
  }
}
