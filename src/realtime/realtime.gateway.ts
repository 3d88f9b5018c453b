import { Logger, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { TokensService, type VerifiedToken } from '../auth/tokens.service.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import type { DeliveredEvent } from '../platform/events/event-log.js';
import { EventLog } from '../platform/events/event-log.service.js';
import { toProblem } from '../platform/http/problem.js';
import { newId } from '../platform/ids/ids.js';
import { realtimeErrors } from './realtime.errors.js';
import { SocketDispatcher } from './socket-dispatcher.js';
import { SocketSession, type JoiningSessions } from './socket-session.js';

const PROTOCOL = 1;
/** Longest delay a Node timer holds. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const LIMITS = { eventBytes: 64 * 1024, replayEvents: 200 };

/** What a user's own sockets hear: facts about the user rather than about one conversation. */
const userRoom = (userId: string): string => `user:${userId}`;

/**
 * The one Socket.IO gateway. It knows no feature: who connects is checked here, what they may ask for is dispatched to
 * the features' handlers, and what the event log tells goes to the sockets of this instance that are in its room.
 */
@WebSocketGateway()
export class RealtimeGateway
  implements OnGatewayInit<Server>, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger(RealtimeGateway.name);
  private readonly sessions = new Map<string, SocketSession>();
  private readonly joining: JoiningSessions = new Map();
  private server?: Server;
  private draining = false;
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly tokens: TokensService,
    private readonly dispatcher: SocketDispatcher,
    private readonly events: EventLog,
  ) {}

  afterInit(server: Server): void {
    this.server = server;
    server.use((socket, next) => {
      this.admit(socket).then(
        () => next(),
        (error: unknown) => {
          const refusal = toProblem(error, { instance: 'connect' });
          next(Object.assign(new Error(refusal.detail), { data: refusal }));
        },
      );
    });
    server.on('connection', (socket) => this.open(socket));
    this.stopListening = this.events.listen((delivered) => this.deliver(delivered));
  }

  onApplicationShutdown(): void {
    this.stopListening();
  }

  /** New handshakes are refused from here on; clients are told to come back elsewhere, spread over a few seconds. */
  beforeApplicationShutdown(): void {
    this.draining = true;
    for (const { socket } of this.sessions.values()) {
      socket.emit('server:draining', { reconnectInMs: Math.round(Math.random() * 5_000) });
    }
  }

  private async admit(socket: Socket): Promise<void> {
    if (this.draining) throw realtimeErrors.draining('This instance is shutting down; connect again.');
    const { token, protocol } = socket.handshake.auth as { token?: unknown; protocol?: unknown };
    if (protocol !== undefined && protocol !== PROTOCOL) {
      throw realtimeErrors['protocol-unsupported'](`This server speaks protocol ${PROTOCOL}.`);
    }
    if (typeof token !== 'string' || token === '') {
      throw platformErrors.unauthenticated('Connect with auth: { token: <access token> }.');
    }
    socket.data = await this.tokens.verify(token);
  }

  private open(socket: Socket): void {
    const { actor, expiresAt } = socket.data as VerifiedToken;
    const session = new SocketSession(socket, actor, this.joining);
    this.sessions.set(socket.id, session);
    const expiry = setTimeout(
      () => socket.disconnect(true),
      Math.min(MAX_TIMER_MS, Math.max(0, expiresAt.getTime() - Date.now())),
    );
    socket.on('disconnect', () => {
      clearTimeout(expiry);
      session.dispose();
      this.sessions.delete(socket.id);
    });
    socket.emit('server:hello', {
      connectionId: newId(),
      socketId: socket.id,
      serverTime: new Date().toISOString(),
      limits: LIMITS,
    });
    void socket.join(userRoom(actor.id));
    socket.onAny((event: string, ...args: unknown[]) => {
      this.dispatcher.dispatch(session, event, args).catch((error: unknown) => {
        this.logger.error({ err: error, event }, 'A socket event was not answered');
      });
    });
  }

  private deliver(delivered: DeliveredEvent): void {
    const { event, room } = delivered;
    // Local: every instance hears the event log itself.
    this.server?.local.to(room).emit(event.type, event);
    for (const session of this.joining.get(room) ?? []) session.offer(delivered);
  }
}
