import { Injectable } from '@nestjs/common';
import type { EventBudget } from './event-budget.js';
import type { SocketSession } from './socket-session.js';
import type { TokenExpiry } from './token-expiry.js';

export interface ConnectedSocket {
  readonly session: SocketSession;
  readonly expiry: TokenExpiry;
  readonly budget: EventBudget;
}

/** The clients that are connected to this instance, by socket id. */
@Injectable()
export class ConnectedSockets extends Map<string, ConnectedSocket> {}
