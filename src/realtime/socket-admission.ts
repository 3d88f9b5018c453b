import { Injectable } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { TokensService, type VerifiedToken } from '../auth/tokens.service.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { ServerSettings } from '../platform/http/server.settings.js';
import type { AttemptLimiter } from '../platform/rate-limit/attempt-limiter.js';
import { clientNetwork } from '../platform/rate-limit/client-address.js';
import { forwardedAddress } from '../platform/rate-limit/forwarded-address.js';
import { RateLimiters } from '../platform/rate-limit/rate-limiters.js';
import { Tally } from '../platform/rate-limit/tally.js';
import { Shutdown } from '../platform/shutdown/shutdown.js';
import { realtimeErrors } from './realtime.errors.js';
import { RealtimeSettings } from './realtime.settings.js';

const PROTOCOL = 1;
const RETRY_MS = 1_000;

/** Where a socket is counted. */
interface Place {
  readonly userId: string;
  readonly network: string;
}

/** Decides who may connect (contract 2.0-S), and how often. */
@Injectable()
export class SocketAdmission {
  private readonly users: Tally;
  private readonly networks: Tally;
  private readonly places = new Map<Socket, Place>();
  private readonly handshakes: AttemptLimiter;
  private readonly addressOf: ReturnType<typeof forwardedAddress>;

  constructor(
    private readonly tokens: TokensService,
    private readonly shutdown: Shutdown,
    limiters: RateLimiters,
    settings: RealtimeSettings,
    { trustProxy }: ServerSettings,
  ) {
    this.users = new Tally(settings.maxPerUser);
    this.networks = new Tally(settings.maxPerAddress);
    this.addressOf = forwardedAddress(trustProxy);
    this.handshakes = limiters.create({
      name: 'socket:handshake',
      points: settings.handshakesPerMinute,
      windowMs: 60_000,
      what: 'connections from this address',
      // A handshake must not wait for Redis.
      shared: false,
    });
  }

  /**
   * A socket that gets connected holds its place until {@link leave}.
   * @throws draining, protocol-unsupported, rate-limited or unauthenticated
   */
  async admit(socket: Socket): Promise<VerifiedToken> {
    this.assertStaying();
    const { token, protocol } = socket.handshake.auth as { token?: unknown; protocol?: unknown };
    if (protocol !== undefined && protocol !== PROTOCOL) {
      throw realtimeErrors['protocol-unsupported'](`This server speaks protocol ${PROTOCOL}.`);
    }
    const network = clientNetwork(this.addressOf(socket.request));
    await this.handshakes.consume(network);
    if (typeof token !== 'string' || token === '') {
      throw platformErrors.unauthenticated('Connect with auth: { token: <access token> }.');
    }
    const verified = await this.tokens.verify(token);
    // Others may ask for the sockets of this instance, and need not learn what their users log in with.
    delete (socket.handshake.auth as { token?: unknown }).token;
    this.assertStaying();
    this.takePlace(socket, verified.actor.id, network);
    return verified;
  }

  /** Gives the place back; to be called when the socket has been disconnected. */
  leave(socket: Socket): void {
    const place = this.places.get(socket);
    if (!place) return;
    this.places.delete(socket);
    this.networks.giveBack(place.network);
    this.users.giveBack(place.userId);
  }

  private assertStaying(): void {
    if (this.shutdown.draining) {
      throw realtimeErrors.draining('This instance is shutting down; connect again.', {
        retryAfterMs: RETRY_MS,
      });
    }
  }

  private takePlace(socket: Socket, userId: string, network: string): void {
    // The connection may have ended while the token was being verified.
    if (socket.conn.readyState !== 'open') throw platformErrors.unauthenticated('The connection has ended.');
    if (!this.networks.take(network)) throw tooMany('Your address');
    if (!this.users.take(userId)) {
      this.networks.giveBack(network);
      throw tooMany('Your account');
    }
    this.places.set(socket, { userId, network });
    // Socket.IO connects it in this turn of the event loop, or never, without a word, if the connection ends before.
    setImmediate(() => {
      if (!socket.connected) this.leave(socket);
    });
  }
}

const tooMany = (whose: string): Error =>
  platformErrors['rate-limited'](`${whose} has too many connections here; close some.`, {
    retryAfterMs: RETRY_MS,
  });
