import type { Socket } from 'socket.io';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import type { DeliveredEvent, LogEvent } from '../platform/events/event-log.js';
import type { SocketConnection } from '../platform/sockets/socket-event.js';

type Skip = (event: LogEvent) => boolean;

interface Hold {
  /** Handlers that have joined and not yet answered. */
  open: number;
  events: LogEvent[];
  skips: Skip[];
}

/** Beyond it the client is too far behind for a hold; it is disconnected and resumes from the log. */
const MAX_HELD = 5_000;

/** Conversations that one client follows at once; each costs memory here and events on its way. */
const MAX_ROOMS = 200;

/** Which sessions are joining a room, so that an event finds them without asking every session. */
export type JoiningSessions = Map<string, Set<SocketSession>>;

/** One connected client: who it is, the rooms it is in, and the events held for it while it joins one. */
export class SocketSession {
  private readonly holds = new Map<string, Hold>();
  /** Events of this client that are being worked on. */
  inFlight = 0;

  constructor(
    readonly socket: Socket,
    readonly actor: Actor,
    private readonly joining: JoiningSessions,
  ) {}

  /** What one handler gets; its joins take effect when `settle` is called, after the ack. */
  connection(): { connection: SocketConnection; settle: () => void } {
    const joined: string[] = [];
    let settled = false;
    const connection: SocketConnection = {
      id: this.socket.id,
      actor: this.actor,
      join: (room, skip) => {
        // A handler that missed its deadline: nobody would let go of its hold.
        if (settled) return;
        if (!skip && this.socket.rooms.has(room)) return;
        if (!this.socket.rooms.has(room) && this.socket.rooms.size + this.holds.size >= MAX_ROOMS) {
          throw platformErrors.conflict(`A socket may be in ${MAX_ROOMS} rooms; leave some first.`);
        }
        joined.push(room);
        this.hold(room, skip);
      },
      leave: (room) => void this.socket.leave(room),
    };
    const settle = (): void => {
      settled = true;
      joined.forEach((room) => this.release(room));
    };
    return { connection, settle };
  }

  /** Keeps an event of a room that is being joined. */
  offer({ room, event }: DeliveredEvent): void {
    const hold = this.holds.get(room);
    if (!hold) return;
    hold.events.push(event);
    if (hold.events.length > MAX_HELD) this.socket.disconnect(true);
  }

  dispose(): void {
    for (const room of this.holds.keys()) this.forget(room);
  }

  private hold(room: string, skip: Skip | undefined): void {
    // A replay takes the place of what the room would have sent meanwhile.
    if (this.socket.rooms.has(room)) void this.socket.leave(room);
    const hold = this.holds.get(room) ?? { open: 0, events: [], skips: [] };
    hold.open += 1;
    if (skip) hold.skips.push(skip);
    this.holds.set(room, hold);
    this.joining.set(room, (this.joining.get(room) ?? new Set()).add(this));
  }

  private release(room: string): void {
    const hold = this.holds.get(room);
    if (!hold) return;
    hold.open -= 1;
    if (hold.open > 0) return;
    this.forget(room);
    if (!this.socket.connected) return;
    for (const event of hold.events) {
      if (!hold.skips.some((skip) => skip(event))) this.socket.emit(event.type, event);
    }
    void this.socket.join(room);
  }

  private forget(room: string): void {
    this.holds.delete(room);
    const sessions = this.joining.get(room);
    sessions?.delete(this);
    if (sessions?.size === 0) this.joining.delete(room);
  }
}
