import type { Socket } from 'socket.io';
import type { LogEvent } from '../platform/events/event-log.js';
import { SocketSession } from './socket-session.js';
import { Audience } from './sync/audience.js';

class FakeSocket {
  readonly id = 'socket-1';
  readonly rooms = new Set<string>();
  readonly heard: unknown[] = [];
  connected = true;
  isLinked = true;
  join(room: string): void {
    this.rooms.add(room);
  }
  leave(room: string): void {
    this.rooms.delete(room);
  }
  emit(_type: string, { seq }: LogEvent): void {
    this.heard.push(seq);
  }
  readonly conn = { close: (): void => void (this.isLinked = false) };
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
  let audience: Audience;
  let session: SocketSession;
  const carried = (seq: number) => ({ stream: 's', epoch: 'e', seq });
  /** As the event log does: to the room's members, and to whoever is joining it. */
  const tell = (seq: number | null): void => {
    if (socket.rooms.has(room)) socket.emit('said', event(seq));
    audience.emit({ room, event: event(seq), last: false });
  };

  beforeEach(() => {
    socket = new FakeSocket();
    audience = new Audience();
    session = new SocketSession(socket as unknown as Socket, { id: 'u', role: 'user' }, audience);
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
    void connection.join(room).carries(carried(2));
    [1, 2, 3, null].forEach(tell);
    settle();
    expect(socket.heard).toEqual([3, null]);
  });

  it('hears what has the same numbers in another epoch', () => {
    const { connection, settle } = session.connection();
    void connection.join(room).carries({ ...carried(2), epoch: 'before' });
    [1, 2].forEach(tell);
    settle();
    expect(socket.heard).toEqual([1, 2]);
  });

  it('hears each event once when it joins again while it is a member', () => {
    const first = session.connection();
    first.connection.join(room);
    first.settle();
    tell(1);
    const again = session.connection();
    void again.connection.join(room).carries(carried(1));
    tell(2);
    again.settle();
    tell(3);
    expect(socket.heard).toEqual([1, 2, 3]);
  });

  it('hears nothing new of a stream before it has asked for all that it missed', () => {
    const page = session.connection();
    const first = page.connection.join(room);
    void first.carries(carried(200));
    first.incomplete('s');
    page.settle();
    tell(202);
    expect(socket.heard).toEqual([]);
    const rest = session.connection();
    void rest.connection.join(room).carries(carried(201));
    tell(203);
    rest.settle();
    expect(socket.heard).toEqual([202, 203]);
  });

  it('hears live events again when it never asks for the rest', () => {
    jest.useFakeTimers();
    try {
      const page = session.connection();
      page.connection.join(room).incomplete('s');
      page.settle();
      tell(202);
      jest.advanceTimersByTime(15_000);
      tell(203);
      expect(socket.heard).toEqual([203]);
    } finally {
      jest.useRealTimers();
    }
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

  it('is not let in before its ack by an earlier handler whose room it has left meanwhile', () => {
    const [one, two] = [session.connection(), session.connection()];
    one.connection.join(room);
    session.connection().connection.leave(room);
    two.connection.join(room);
    tell(1);
    one.settle();
    tell(2);
    expect(socket.heard).toEqual([]);
    two.settle();
    expect(socket.heard).toEqual([1, 2]);
  });

  it('hears what was carried by an ack that it never got', () => {
    const { connection, settle } = session.connection();
    void connection.join(room).carries(carried(2));
    [1, 2, 3].forEach(tell);
    settle(false);
    expect(socket.heard).toEqual([1, 2, 3]);
  });

  it('does not hear again what either of two acks carried, whichever comes last', () => {
    const [one, two] = [session.connection(), session.connection()];
    void one.connection.join(room).carries(carried(3));
    void two.connection.join(room).carries(carried(1));
    [1, 2, 3, 4].forEach(tell);
    one.settle();
    two.settle();
    expect(socket.heard).toEqual([4]);
  });

  it('enters a room once, without a replay', () => {
    const entered = session.connection();
    entered.connection.enter(room);
    entered.settle();
    tell(1);
    const again = session.connection();
    again.connection.enter(room);
    tell(2);
    expect(socket.heard).toEqual([1, 2]);
  });

  it('is not left behind in the register of joining sockets when it goes away', () => {
    session.connection().connection.join(room);
    expect(audience.has(room)).toBe(true);
    session.dispose();
    expect(audience.has(room)).toBe(false);
  });

  it('loses its link, so that it comes back, rather than being kept waiting behind an endless queue', () => {
    const { connection, settle } = session.connection();
    connection.join(room);
    for (let seq = 1; seq <= 5_000; seq++) tell(seq);
    expect(socket.isLinked).toBe(true);
    tell(5_001);
    expect([socket.isLinked, audience.has(room)]).toEqual([false, false]);
    settle();
    expect([socket.heard, socket.rooms.size]).toEqual([[], 0]);
  });

  it('is not joined by a handler that missed its deadline, since nothing would end the hold', () => {
    const { connection, settle } = session.connection();
    settle();
    connection.join(room);
    expect(audience.has(room)).toBe(false);
  });

  it('is refused beyond 200 rooms', () => {
    const { connection, settle } = session.connection();
    for (let index = 0; index < 200; index++) connection.join(`room ${index}`);
    settle();
    expect(() => session.connection().connection.join('one more')).toThrow('leave some first');
    session.connection().connection.join('room 7');
  });
});
