import type { Socket } from 'socket.io';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import type { DeliveredEvent, LogEvent } from '../platform/events/event-log.js';
import type { Joining, SocketConnection } from '../platform/sockets/socket-event.js';
import type { Audience } from './sync/audience.js';

interface Hold {
  /** Handlers that have joined and not yet answered. */
  open: number;
  events: LogEvent[];
  /** By stream, what the client was brought up to. */
  carried: Map<string, { epoch: string; seq: number }>;
  /** Streams that the client has to ask on for, so that nothing newer overtakes what it lacks. */
  incomplete: Set<string>;
  patience?: NodeJS.Timeout;
}

/** Beyond it the client is too far behind for a hold; its link is cut, and it resumes from the log. */
const MAX_HELD = 5_000;

/** Conversations that one client follows at once; each costs memory here and events on its way. */
const MAX_ROOMS = 200;

/** A client that was told there is more and does not ask gets live events again; it sees their gap. */
const ASK_ON_MS = 15_000;

/** One connected client: who it is, the rooms it is in, and the events held for it while it joins one. */
export class SocketSession {
  /** Only while it joins a room: a map of its own would be a good part of what an idle client costs. */
  private holds?: Map<string, Hold>;
  /** Events of this client that are being worked on. */
  inFlight = 0;

  constructor(
    readonly socket: Socket,
    readonly actor: Actor,
    private readonly audience: Audience,
  ) {}

  /**
   * What one handler gets; its joins take effect when `settle` is called, after the ack. Without an ack that told the
   * client, it was brought nowhere.
   */
  connection(): { connection: SocketConnection; settle: (isTold?: boolean) => void } {
    const joined: { room: string; hold: Hold }[] = [];
    const told: (() => void)[] = [];
    let settled = false;
    const join = (room: string, ...streams: string[]): Joining => {
      // A handler that missed its deadline: nobody would let go of its hold.
      if (settled) return { carries: () => Promise.resolve(), incomplete: () => undefined };
      const isIn = this.socket.rooms.has(room) || this.isJoining(room);
      if (!isIn && this.socket.rooms.size + (this.holds?.size ?? 0) >= MAX_ROOMS) {
        throw platformErrors.conflict(`A socket may be in ${MAX_ROOMS} rooms; leave some first.`);
      }
      const hold = this.hold(room, streams);
      joined.push({ room, hold });
      return {
        carries: ({ stream, ...position }) => {
          told.push(() => bring(hold, stream, position));
          return this.audience.reach(stream, position);
        },
        incomplete: (stream) => void told.push(() => hold.incomplete.add(stream)),
      };
    };
    const connection: SocketConnection = {
      id: this.socket.id,
      actor: this.actor,
      join,
      enter: (room) => {
        if (!this.socket.rooms.has(room) && !this.isJoining(room)) join(room);
      },
      leave: (room) => {
        this.forget(room);
        void this.socket.leave(room);
      },
      onClosed: (listener) => {
        if (this.socket.connected) this.socket.once('disconnect', listener);
        else listener();
      },
    };
    const settle = (isTold = true): void => {
      settled = true;
      if (isTold) told.forEach((note) => note());
      joined.forEach(({ room, hold }) => this.release(room, hold));
    };
    return { connection, settle };
  }

  /** Keeps an event of a room that is being joined. */
  offer({ room, event }: Pick<DeliveredEvent, 'room' | 'event'>): void {
    const hold = this.holds?.get(room);
    if (!hold) return;
    hold.events.push(event);
    if (hold.events.length <= MAX_HELD) return;
    // The transport, not the session: official clients connect again by themselves. Nothing more is held until it is closed.
    this.socket.conn.close();
    this.dispose();
  }

  dispose(): void {
    for (const room of [...(this.holds?.keys() ?? [])]) this.forget(room);
  }

  private isJoining(room: string): boolean {
    return this.holds?.has(room) ?? false;
  }

  private hold(room: string, streams: readonly string[]): Hold {
    this.holds ??= new Map();
    const hold: Hold = this.holds.get(room) ?? {
      open: 0,
      events: [],
      carried: new Map(),
      incomplete: new Set(),
    };
    hold.open += 1;
    clearTimeout(hold.patience);
    this.holds.set(room, hold);
    this.audience.startJoining(room, this, streams);
    // A replay takes the place of what the room would have sent meanwhile.
    if (this.socket.rooms.has(room)) void this.socket.leave(room);
    return hold;
  }

  private release(room: string, hold: Hold): void {
    // The client has left the room since, and perhaps come again with another hold.
    if (this.holds?.get(room) !== hold) return;
    hold.open -= 1;
    if (hold.open > 0) return;
    if (!this.socket.connected) return this.forget(room);
    if (hold.incomplete.size > 0) {
      hold.patience = setTimeout(() => this.deliver(room, hold), ASK_ON_MS);
      return;
    }
    this.deliver(room, hold);
  }

  private deliver(room: string, { events, carried, incomplete }: Hold): void {
    for (const event of events) {
      const upTo = carried.get(event.stream);
      const isCarried = event.seq !== null && event.epoch === upTo?.epoch && event.seq <= upTo.seq;
      if (!isCarried && !incomplete.has(event.stream)) this.socket.emit(event.type, event);
    }
    void this.socket.join(room);
    this.forget(room);
  }

  private forget(room: string): void {
    const hold = this.holds?.get(room);
    if (!hold) return;
    clearTimeout(hold.patience);
    this.holds?.delete(room);
    if (this.holds?.size === 0) this.holds = undefined;
    this.audience.endJoining(room, this);
  }
}

function bring({ carried, incomplete }: Hold, stream: string, to: { epoch: string; seq: number }): void {
  const before = carried.get(stream);
  if (before?.epoch !== to.epoch || before.seq < to.seq) carried.set(stream, to);
  incomplete.delete(stream);
}
