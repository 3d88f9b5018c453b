import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuthSocket } from './auth.socket.js';
import { ClosedAccountSockets } from './closed-account-sockets.js';
import { ConnectedSockets } from './connected-sockets.js';
import { SocketPresence } from './presence.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { RealtimeMetrics } from './realtime-metrics.js';
import { SlowReaders } from './slow-readers.js';
import { SocketAdmission } from './socket-admission.js';
import { SocketDispatcher } from './socket-dispatcher.js';
import { SocketServer } from './socket-server.js';
import { Audience } from './sync/audience.js';
import { StreamDelivery } from './sync/stream-delivery.js';
import { SyncSocket } from './sync/sync.socket.js';
import { Topics } from './sync/topics.js';
import { TokenExpiry } from './token-expiry.js';

@Module({
  imports: [AuthModule, UsersModule, DiscoveryModule],
  providers: [
    RealtimeGateway,
    RealtimeMetrics,
    SocketAdmission,
    SocketDispatcher,
    SocketServer,
    ConnectedSockets,
    ClosedAccountSockets,
    SlowReaders,
    TokenExpiry,
    AuthSocket,
    SocketPresence,
    Audience,
    StreamDelivery,
    SyncSocket,
    Topics,
  ],
})
export class RealtimeModule {}
