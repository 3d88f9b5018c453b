import { Injectable } from '@nestjs/common';
import type { EventBudget } from './event-budget.js';
import type { SocketSession } from './socket-session.js';

export interface ConnectedSocket {
  readonly session: SocketSession;
  readonly budget: EventBudget;
  /** When its token ends; milliseconds since 1970. */
  expiresAt: number;
  /** That this is near. */
  isWarned: boolean;
}

/** The clients that are connected to this instance, by socket id. */
@Injectable()
export class ConnectedSockets extends Map<string, ConnectedSocket> {}
