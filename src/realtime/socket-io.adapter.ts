import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions } from 'socket.io';
import { ServerSettings } from '../platform/http/server.settings.js';
import { RealtimeSettings } from './realtime.settings.js';

/** Socket.IO with the service's limits, behind the same origins as the HTTP API. */
export class SocketIoAdapter extends IoAdapter {
  private readonly options: Partial<ServerOptions>;

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
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    return super.createIOServer(port, { ...options, ...this.options } as ServerOptions);
  }
}
