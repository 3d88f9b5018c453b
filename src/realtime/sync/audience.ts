import { Injectable } from '@nestjs/common';
import type { Server } from 'socket.io';
import type { DeliveredEvent } from '../../platform/events/event-log.js';

/** Takes the events of rooms that it is joining. */
export interface JoiningClient {
  offer(delivered: Pick<DeliveredEvent, 'room' | 'event'>): void;
}

/** Brings this instance up to an event of a stream. */
export type Reach = (stream: string, position: { epoch: string; seq: number }) => Promise<void>;

/** Who is in which room on this instance, those that are just joining included. */
@Injectable()
export class Audience {
  private readonly joining = new Map<string, Set<JoiningClient>>();
  private readonly followListeners = new Set<(stream: string, room: string) => void>();
  private readonly leaveListeners = new Set<(room: string) => void>();
  private reaching: Reach = () => Promise.resolve();
  private server?: Server;

  attach(server: Server): void {
    this.server = server;
    server.of('/').adapter.on('delete-room', (room: string) => this.noteLeft(room));
  }

  has(room: string): boolean {
    return this.joining.has(room) || (this.server?.of('/').adapter.rooms.has(room) ?? false);
  }

  /** To everybody here who is in the room. */
  emit(delivered: DeliveredEvent): void {
    const { event, room } = delivered;
    // Local: every instance hears the event log itself.
    this.server?.local.to(room).emit(event.type, event);
    for (const client of this.joining.get(room) ?? []) client.offer(delivered);
  }

  /** Everybody here leaves the room. */
  close(room: string): void {
    this.server?.local.in(room).socketsLeave(room);
  }

  /** @param streams those that the client follows there; a room's own is one of them anyway */
  startJoining(room: string, client: JoiningClient, streams: readonly string[] = []): void {
    const clients = this.joining.get(room) ?? new Set();
    this.joining.set(room, clients.add(client));
    for (const stream of [room, ...streams]) {
      for (const listener of this.followListeners) listener(stream, room);
    }
  }

  endJoining(room: string, client: JoiningClient): void {
    const clients = this.joining.get(room);
    if (!clients?.delete(client) || clients.size > 0) return;
    this.joining.delete(room);
    this.noteLeft(room);
  }

  /** Resolves when events up to this one have been told here, to whoever is to hear them. */
  reach: Reach = (stream, position) => this.reaching(stream, position);

  /** Who brings events here. */
  reachBy(reach: Reach): void {
    this.reaching = reach;
  }

  /** Calls `listener` with a stream that somebody begins to follow in a room, before anything is read for them. */
  onFollowing(listener: (stream: string, room: string) => void): void {
    this.followListeners.add(listener);
  }

  /** Calls `listener` with a room in which nobody is left. */
  onLeft(listener: (room: string) => void): void {
    this.leaveListeners.add(listener);
  }

  private noteLeft(room: string): void {
    if (this.has(room)) return;
    for (const listener of this.leaveListeners) listener(room);
  }
}
