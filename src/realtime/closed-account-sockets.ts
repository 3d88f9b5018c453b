import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ClosedAccounts } from '../users/closed-accounts.service.js';
import { ConnectedSockets } from './connected-sockets.js';

/** An account that is closed has no sockets any more. New ones are refused with its tokens. */
@Injectable()
export class ClosedAccountSockets implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop?: () => void;

  constructor(
    private readonly closed: ClosedAccounts,
    private readonly sockets: ConnectedSockets,
  ) {}

  onApplicationBootstrap(): void {
    this.stop = this.closed.onClosed((userId) => this.disconnect(userId));
  }

  onApplicationShutdown(): void {
    this.stop?.();
  }

  private disconnect(userId: string): void {
    for (const { session } of this.sockets.values()) {
      if (session.actor.id === userId) session.socket.disconnect(true);
    }
  }
}
