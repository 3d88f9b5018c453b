import type { Socket } from 'socket.io';
import type { LogEvent } from '../platform/events/event-log.js';
import { SocketSession, type JoiningSessions } from './socket-session.js';

class FakeSocket {
  readonly id = 'socket-1';
  readonly rooms = new Set<string>();
  readonly heard: unknown[] = [];
  connected = true;
  join(room: string): void {
    this.rooms.add(room);
  }
  leave(room: string): void {
    this.rooms.delete(room);
  }
  emit(_type: string, { seq }: LogEvent): void {
    this.heard.push(seq);
  }
  disconnect(): void {
    this.connected = false;
  }
}

const event = (seq: number | null): LogEvent => ({
  stream: 's',
  epoch: 'e',
  seq,
  id: String(seq),
  ts: '',
  type: 'said',
  data: {},
});

describe('a socket that joins a room', () => {
  const room = 'hall';
  let socket: FakeSocket;
  let joining: JoiningSessions;
  let session: SocketSession;
  /** As the gateway does: to the room's members, and to whoever is joining it. */
  const tell = (seq: number | null): void => {
    if (socket.rooms.has(room)) socket.emit('said', event(seq));
    for (const held of joining.get(room) ?? []) held.offer({ room, event: event(seq) });
  };

  beforeEach(() => {
    socket = new FakeSocket();
    joining = new Map();
    session = new SocketSession(socket as unknown as Socket, { id: 'u', role: 'user' }, joining);
  });

  it('hears nothing before its ack, then everything that happened meanwhile, then what follows', () => {
    const { connection, settle } = session.connection();
    connection.join(room);
    tell(1);
    tell(2);
    expect(socket.heard).toEqual([]);
    settle();
    tell(3);
    expect(socket.heard).toEqual([1, 2, 3]);
  });

  it('does not hear again what the ack carried', () => {
    const { connection, settle } = session.connection();
    connection.join(room, ({ seq }) => seq !== null && seq <= 2);
    [1, 2, 3, null].forEach(tell);
    settle();
    expect(socket.heard).toEqual([3, null]);
  });

  it('hears each event once when it joins again while it is a member', () => {
    const first = session.connection();
    first.connection.join(room);
    first.settle();
    tell(1);
    const again = session.connection();
    again.connection.join(room, ({ seq }) => (seq ?? 0) <= 1);
    tell(2);
    again.settle();
    tell(3);
    expect(socket.heard).toEqual([1, 2, 3]);
  });

  it('waits for the last of several handlers that joined at once', () => {
    const [one, two] = [session.connection(), session.connection()];
    one.connection.join(room);
    two.connection.join(room);
    tell(1);
    one.settle();
    expect(socket.heard).toEqual([]);
    two.settle();
    expect(socket.heard).toEqual([1]);
  });

  it('is not left behind in the register of joining sockets when it goes away', () => {
    session.connection().connection.join(room);
    session.dispose();
    expect(joining.size).toBe(0);
  });

  it('is disconnected rather than kept waiting behind an endless queue', () => {
    session.connection().connection.join(room);
    for (let seq = 1; seq <= 5_001; seq++) tell(seq);
    expect(socket.connected).toBe(false);
  });

  it('is not joined by a handler that missed its deadline, since nothing would end the hold', () => {
    const { connection, settle } = session.connection();
    settle();
    connection.join(room);
    expect(joining.size).toBe(0);
  });

  it('is refused beyond 200 rooms', () => {
    const { connection, settle } = session.connection();
    for (let index = 0; index < 200; index++) connection.join(`room ${index}`);
    settle();
    expect(() => session.connection().connection.join('one more')).toThrow('leave some first');
    session.connection().connection.join('room 7', () => true);
  });
});
