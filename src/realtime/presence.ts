import { hostname } from 'node:os';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Presence, Sessions, type PresenceChange } from '@rapport/redis';
import { IsIn, IsOptional } from 'class-validator';
import type { Actor } from '../platform/actor/actor.js';
import { EventLog } from '../platform/events/event-log.service.js';
import { userStream } from '../users/users.events.js';
import { SocketEvent, type SocketConnection } from '../platform/sockets/socket-event.js';

const POD = hostname();
const PRESENCE_UPDATED = 'presence.updated';

class SetPresence {
  @IsIn(['online', 'idle'])
  state!: 'online' | 'idle';
}

class Ping {
  /** What it is now, where that may have changed. */
  @IsOptional()
  @IsIn(['online', 'idle'])
  state?: 'online' | 'idle';
}

/** Counts the sockets of this instance as presence, and tells a user's devices when that changes. */
@Injectable()
export class SocketPresence implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(SocketPresence.name);
  private stopHearing: () => void = () => undefined;

  constructor(
    private readonly presence: Presence,
    private readonly sessions: Sessions,
    private readonly events: EventLog,
  ) {}

  onModuleInit(): void {
    this.stopHearing = this.presence.onChange((change) => this.inBackground(this.announce(change)));
  }

  onApplicationShutdown(): void {
    this.stopHearing();
  }

  /** Does not hold up the connection: until it is done, the user is seen as before. */
  connected(socketId: string, userId: string): void {
    const session = {
      socketId,
      userId,
      rooms: [userStream(userId)],
      connectedAt: new Date().toISOString(),
      pod: POD,
    };
    this.inBackground(this.sessions.register(session));
    const connecting = this.presence.connect({ userId, connectionId: socketId });
    this.inBackground(connecting.then((change) => this.announce(change)));
  }

  disconnected(socketId: string): void {
    this.inBackground(this.sessions.remove(socketId));
    const leaving = this.presence.disconnect(socketId);
    this.inBackground(leaving.then((change) => this.announce(change)));
  }

  @SocketEvent('presence:ping', Ping)
  async ping(_actor: Actor, { state }: Ping, { id }: SocketConnection): Promise<{ serverTime: string }> {
    const changes = state ? [await this.presence.setState(id, state)] : await this.presence.touch([id]);
    for (const change of changes) await this.announce(change);
    return { serverTime: new Date().toISOString() };
  }

  @SocketEvent('presence:set', SetPresence)
  async set(_actor: Actor, { state }: SetPresence, { id }: SocketConnection): Promise<{ state: string }> {
    const change = await this.presence.setState(id, state);
    await this.announce(change);
    return { state: change?.state ?? state };
  }

  private async announce(change: PresenceChange | undefined): Promise<void> {
    if (!change?.changed) return;
    const { userId, state } = change;
    await this.events.signal({ stream: userStream(userId), type: PRESENCE_UPDATED, data: { userId, state } });
  }

  private inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.logger.warn({ msg: 'Presence was not kept', err: error }));
  }
}
