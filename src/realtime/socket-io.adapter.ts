import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { RedisConnections } from '@rapport/redis';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import type { Server, ServerOptions } from 'socket.io';
import { RuntimeSettings } from '../config/runtime.settings.js';
import { ServerSettings } from '../platform/http/server.settings.js';
import { RedisSettings } from '../platform/redis/redis.settings.js';
import { AdapterLink } from './adapter/adapter-link.js';
import { RealtimeSettings } from './realtime.settings.js';

/**
 * Socket.IO with the service's limits, behind the same origins as the HTTP API. With a configured Redis all instances
 * are one Socket.IO server in every namespace, for emits and for commands such as `disconnectSockets`.
 */
export class SocketIoAdapter extends IoAdapter {
  private readonly options: Partial<ServerOptions>;
  private readonly link: AdapterLink | undefined;
  private readonly channelPrefix: string;

  constructor(app: INestApplicationContext) {
    super(app);
    const { corsOrigins } = app.get(ServerSettings);
    const realtime = app.get(RealtimeSettings);
    this.options = {
      pingInterval: realtime.pingIntervalMs,
      pingTimeout: realtime.pingTimeoutMs,
      connectTimeout: realtime.connectTimeoutMs,
      maxHttpBufferSize: realtime.maxPayloadBytes,
      serveClient: false,
      ...(corsOrigins.length > 0 ? { cors: { origin: corsOrigins.includes('*') ? '*' : corsOrigins } } : {}),
    };
    this.channelPrefix = `${app.get(RedisSettings).keyPrefix}:${app.get(RuntimeSettings).environment}:socket.io`;
    const connections = app.get(RedisConnections);
    const { commands } = connections;
    const subscriber = connections.duplicate('socket.io');
    if (commands && subscriber) this.link = new AdapterLink(commands, subscriber);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const server = super.createIOServer(port, { ...options, ...this.options } as ServerOptions);
    const { link, channelPrefix } = this;
    if (link) {
      server.adapter(createShardedAdapter(link, link, { channelPrefix, subscriptionMode: 'static' }));
    }
    return server;
  }

  /**
   * Nothing is bound: `RealtimeGateway` listens to the server itself, and there are no `@SubscribeMessage` handlers, for
   * which Nest would keep 2 KB for each client.
   */
  override bindClientConnect(): void {}

  override async dispose(): Promise<void> {
    this.link?.close();
    await super.dispose();
  }
}
