import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuthModule } from '../auth/auth.module.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { SocketDispatcher } from './socket-dispatcher.js';

@Module({
  imports: [AuthModule, DiscoveryModule],
  providers: [RealtimeGateway, SocketDispatcher],
})
export class RealtimeModule {}
