import { Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import type { VerifiedToken } from '../auth/tokens.service.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { toProblem } from '../platform/http/problem.js';
import { newId } from '../platform/ids/ids.js';
import { userStream } from '../users/users.events.js';
import { ConnectedSockets } from './connected-sockets.js';
import { EventBudget } from './event-budget.js';
import { Farewell } from './farewell.js';
import { SocketPresence } from './presence.js';
import { RealtimeSettings } from './realtime.settings.js';
import { SocketAdmission } from './socket-admission.js';
import { MAX_EVENT_BYTES, SocketDispatcher } from './socket-dispatcher.js';
import { SocketServer } from './socket-server.js';
import { SocketSession } from './socket-session.js';
import { Audience } from './sync/audience.js';

const REPLAY_EVENTS = 200;

/**
 * The one Socket.IO gateway. It knows no feature: who connects is checked here, what they may ask for is dispatched to
 * the features' handlers; `sync/` brings them what the event log tells.
 */
@WebSocketGateway()
export class RealtimeGateway implements OnGatewayInit<Server>, BeforeApplicationShutdown {
  private readonly logger = new Logger(RealtimeGateway.name);
  /** Of this start of the process: a client that sees another one talks to another process. */
  private readonly epoch = newId();
  private readonly farewell: Farewell;

  constructor(
    private readonly admission: SocketAdmission,
    private readonly dispatcher: SocketDispatcher,
    private readonly audience: Audience,
    private readonly sockets: ConnectedSockets,
    private readonly socketServer: SocketServer,
    private readonly presence: SocketPresence,
    private readonly settings: RealtimeSettings,
  ) {
    this.farewell = new Farewell(settings.drainSpreadMs);
  }

  afterInit(server: Server): void {
    this.audience.attach(server);
    this.socketServer.attach(server);
    server.use((socket, next) => {
      this.admission.admit(socket).then(
        (verified) => {
          socket.data = verified;
          next();
        },
        (error: unknown) => {
          const refusal = toProblem(error, { instance: 'connect' });
          next(Object.assign(new Error(refusal.detail), { data: refusal }));
        },
      );
    });
    server.on('connection', (socket) => this.open(socket));
  }

  /** Tells all clients to come back elsewhere. New ones are refused by then. */
  announceDraining(): void {
    this.farewell.tell([...this.sockets.values()].map(({ session }) => session.socket));
  }

  /** Resolves when all have gone, by themselves or closed when their time had come. */
  sendAway(): Promise<void> {
    return this.farewell.sendAway();
  }

  /** For an application that is closed without having been drained; its sockets are closed with it. */
  beforeApplicationShutdown(): void {
    this.announceDraining();
  }

  private open(socket: Socket): void {
    const { actor, expiresAt } = socket.data as VerifiedToken;
    const session = new SocketSession(socket, actor, this.audience);
    const budget = new EventBudget(this.settings.eventsPerSecond);
    this.sockets.set(socket.id, { session, budget, expiresAt, isWarned: false });
    socket.on('disconnect', () => {
      this.admission.leave(socket);
      session.dispose();
      this.sockets.delete(socket.id);
      this.presence.disconnected(socket.id);
    });
    if (this.settings.hello) this.greet(socket);
    const { connection, settle } = session.connection();
    connection.enter(userStream(actor.id));
    settle();
    this.presence.connected(socket.id, actor.id);
    socket.onAny((event: unknown, ...args: unknown[]) => {
      // What came with the last packets of a connection that was closed meanwhile.
      if (!socket.connected) return;
      // The protocol lets numbers be names.
      const name = String(event);
      if (!budget.take()) return this.cutOff(socket, name);
      this.dispatcher.dispatch(session, name, args).catch((error: unknown) => {
        this.logger.error({ err: error, event: name }, 'A socket event was not answered');
      });
    });
  }

  private greet(socket: Socket): void {
    socket.emit('server:hello', {
      connectionId: newId(),
      socketId: socket.id,
      serverTime: new Date().toISOString(),
      epoch: this.epoch,
      limits: {
        eventBytes: MAX_EVENT_BYTES,
        eventsPerSecond: this.settings.eventsPerSecond,
        replayEvents: REPLAY_EVENTS,
      },
    });
  }

  /** Not only refused: reading and refusing at that rate would take the time of everybody else. */
  private cutOff(socket: Socket, event: string): void {
    const refusal = platformErrors['rate-limited']('Too many events; the connection is closed.');
    this.logger.warn({ msg: 'A client that sent too many events was disconnected', socketId: socket.id });
    socket.emit('error', { event: event.slice(0, 100), error: toProblem(refusal) });
    socket.disconnect(true);
  }
}
