import { Injectable } from '@nestjs/common';
import type { Namespace, Server } from 'socket.io';

/** The running Socket.IO server, for programs that embed the service and have sockets of their own. */
@Injectable()
export class SocketServer {
  private server?: Server;

  /** By the gateway, once the server is there. */
  attach(server: Server): void {
    this.server = server;
  }

  /**
   * A namespace of the caller's own, spanning all instances like ours, but without our admission and events: who may
   * connect, and what is done with what they send, is the caller's business.
   *
   * @throws before the application is initialised
   * @example
   * await app.init();
   * app.get(SocketServer).namespace('/games').on('connection', (socket) => socket.emit('welcome'));
   */
  namespace(name: string): Namespace {
    if (name === '/') throw new Error('The namespace "/" is the service\'s own; choose another name.');
    if (!this.server) throw new Error('There is no Socket.IO server yet; call app.init() first.');
    return this.server.of(name);
  }
}
