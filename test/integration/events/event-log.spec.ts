import { Redis } from 'ioredis';
import {
  EpochMovedError,
  StreamClosedError,
  SYNC_RESET,
  type EventLogStore,
  type Fact,
  type LogEvent,
} from '../../../src/platform/events/event-log.js';
import { followStream } from '../../../src/platform/events/event-follower.js';
import { MemoryEventLog } from '../../../src/platform/events/memory-event-log.js';
import { RedisEventLog } from '../../../src/platform/events/redis-event-log.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { eventually } from '../../support/eventually.js';
import { testServers } from '../../support/test-servers.js';

interface Store {
  log: EventLogStore;
  /** Makes it as if the log had been lost. */
  lose: (stream: string) => Promise<void>;
  close: () => void;
}

const stores: [string, () => Promise<Store>][] = [
  [
    'in memory',
    () => {
      let now = Date.now();
      const log = new MemoryEventLog(() => now);
      const lose = async (): Promise<void> => {
        now += 25 * 60 * 60 * 1_000;
        await log.append({ stream: 'another', type: 'tick', data: {} });
      };
      return Promise.resolve({ log, lose, close: () => undefined });
    },
  ],
  [
    'in Redis',
    async () => {
      const url = await testServers.redisUrl();
      const [commands, subscriber] = [new Redis(url), new Redis(url)];
      const log = new RedisEventLog(commands, subscriber, `test-${newId()}`);
      await log.subscribe();
      const lose = async (): Promise<void> => {
        const keys = await commands.keys('test-*:events:*');
        if (keys.length > 0) await commands.del(...keys);
      };
      const close = (): void => {
        log.close();
        commands.disconnect();
        subscriber.disconnect();
      };
      return { log, lose, close };
    },
  ],
];

describe.each(stores)('an event log %s', (_where, open) => {
  let store: Store;
  let stream: string;
  const append = (text: string): Promise<LogEvent> =>
    store.log.append({ stream, type: 'said', data: { text } });
  const textsOf = (events: readonly LogEvent[]): unknown[] =>
    events.map(({ data }) => (data as { text: string }).text);

  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  beforeEach(() => {
    stream = `test:${newId()}`;
  });

  it('numbers the events of a stream from one, without holes, also when they are appended at once', async () => {
    const stored = await Promise.all(Array.from({ length: 50 }, (_, index) => append(String(index))));
    expect(stored.map(({ seq }) => seq).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(new Set(stored.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('replays exactly what follows a position, in pages', async () => {
    for (const text of ['a', 'b', 'c', 'd']) await append(text);
    const first = await store.log.read(stream, { after: 1, limit: 2 });
    expect(first).toMatchObject({ status: 'ok', head: 4, hasMore: true });
    expect(textsOf(first.events)).toEqual(['b', 'c']);
    const rest = await store.log.read(stream, { epoch: first.epoch, after: 3 });
    expect(rest).toMatchObject({ status: 'ok', hasMore: false });
    expect(textsOf(rest.events)).toEqual(['d']);
    expect(await store.log.read(stream, { epoch: first.epoch, after: 4 })).toMatchObject({
      status: 'ok',
      events: [],
    });
  });

  it('tells a client with another epoch, or from the future, to start over', async () => {
    await append('a');
    expect((await store.log.read(stream, { epoch: newId(), after: 0 })).status).toBe('reset');
    expect((await store.log.read(stream, { after: 9 })).status).toBe('reset');
    for (const after of [2 ** 47, Number.MAX_SAFE_INTEGER, 1e300])
      expect((await store.log.read(stream, { after })).status).toBe('reset');
  });

  it('gives the epoch of an empty stream to the events that follow', async () => {
    const { epoch, head } = await store.log.read(stream, { after: 0 });
    expect(head).toBe(0);
    expect((await append('a')).epoch).toBe(epoch);
  });

  it('begins another epoch when its events were lost, so that nobody takes new numbers for old ones', async () => {
    const before = await append('a');
    await append('b');
    await store.lose(stream);
    const after = await append('c');
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.seq).toBe(1);
    expect((await store.log.read(stream, { epoch: before.epoch, after: 1 })).status).toBe('reset');
  });

  it('tells of a gap where events were dropped, and goes on with the next number', async () => {
    const { epoch } = await append('secret');
    await store.log.drop(stream);
    expect(await store.log.read(stream, { epoch, after: 0 })).toMatchObject({ status: 'gap', events: [] });
    expect(await append('b')).toMatchObject({ epoch, seq: 2 });
    expect(await store.log.read(stream, { epoch, after: 1 })).toMatchObject({ status: 'ok', head: 2 });
  });

  it('tells of a gap when the oldest kept event is younger than what comes next', async () => {
    await Promise.all(Array.from({ length: 5_700 }, (_, index) => append(String(index))));
    const { status, head } = await store.log.read(stream, { after: 0 });
    expect({ status, head }).toEqual({ status: 'gap', head: 5_700 });
    const recent = await store.log.read(stream, { after: 5_600 });
    expect(recent).toMatchObject({ status: 'ok', hasMore: false });
    expect(recent.events).toHaveLength(100);
  });

  it('hands every event to its listeners with its room, and signals without a number', async () => {
    const heard: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      const stop = store.log.listen(({ event, room }) => {
        if (event.stream !== stream) return;
        heard.push({ type: event.type, seq: event.seq, room });
        if (heard.length === 2) {
          stop();
          resolve();
        }
      });
    });
    await store.log.append({ stream, type: 'kept', data: {}, room: 'hall' });
    await store.log.signal({ stream, type: 'passing', data: {} });
    await done;
    expect(heard).toEqual([
      { type: 'kept', seq: 1, room: 'hall' },
      { type: 'passing', seq: null, room: stream },
    ]);
    expect((await store.log.read(stream, { after: 0 })).head).toBe(1);
  });

  const fact = (number: number, order: Partial<Fact> = {}): Fact => ({
    stream,
    type: 'stored',
    data: { text: `fact ${number}` },
    id: newId(),
    ts: new Date().toISOString(),
    fact: number,
    ...order,
  });

  it('takes a fact once, however often and by whomever it is told', async () => {
    expect(await store.log.tell(fact(7))).toBe('told');
    expect(await store.log.tell(fact(7))).toBe('known');
    expect(await store.log.tell(fact(5))).toBe('known');
    expect(textsOf((await store.log.read(stream, { after: 0 })).events)).toEqual(['fact 7']);
  });

  it('refuses a fact before the one it follows, so that facts stand in the order of their commits', async () => {
    expect(await store.log.tell(fact(9, { follows: 8 }))).toBe('behind');
    expect(await store.log.tell(fact(8))).toBe('told');
    expect(await store.log.tell(fact(9, { follows: 8 }))).toBe('told');
    expect(await store.log.tell(fact(12, { follows: 8 }))).toBe('told');
    expect(textsOf((await store.log.read(stream, { after: 0 })).events)).toEqual([
      'fact 8',
      'fact 9',
      'fact 12',
    ]);
  });

  it('knows no fact after its events were lost, and tells them again in another epoch', async () => {
    await store.log.tell(fact(3));
    const { epoch } = await store.log.read(stream, { after: 0 });
    await store.lose(stream);
    expect(await store.log.tell(fact(3))).toBe('told');
    expect((await store.log.read(stream, { after: 0 })).epoch).not.toBe(epoch);
  });

  it('keeps the largest number that facts were told under, whoever notes one and when', async () => {
    expect(await store.log.newestTold()).toBe(0);
    await Promise.all([7, 1_000_000_007, 8].map((fact) => store.log.noteTold(fact)));
    expect(await store.log.newestTold()).toBe(1_000_000_007);
  });

  it('takes nothing after the last event of a stream', async () => {
    await append('a');
    await store.log.tell(fact(1, { last: true }));
    await expect(append('b')).rejects.toThrow(StreamClosedError);
    expect(await store.log.tell(fact(2))).toBe('known');
    expect(await store.log.heads([stream])).toMatchObject([{ seq: 2, closed: true }]);
  });

  it('begins another epoch in place of a lost one, once, and leaves one alone that has gone on', async () => {
    const { epoch } = await append('a');
    await store.log.renew(stream, epoch, 'hall');
    const renewed = await store.log.read(stream, { after: 0 });
    expect(renewed.epoch).not.toBe(epoch);
    expect(renewed.events.map(({ type, seq }) => ({ type, seq }))).toEqual([{ type: SYNC_RESET, seq: 1 }]);
    await store.log.renew(stream, epoch, 'hall');
    expect(await store.log.heads([stream])).toMatchObject([{ epoch: renewed.epoch, seq: 1, closed: false }]);
  });

  it('knows in the epoch that takes the place of a lost one what was told, and that the stream is over', async () => {
    await store.log.tell(fact(4));
    await store.log.tell(fact(5, { last: true }));
    const { epoch } = await store.log.read(stream, { after: 0 });
    await store.log.renew(stream, epoch, 'hall');
    expect(await store.log.tell(fact(5, { last: true }))).toBe('known');
    await expect(append('late')).rejects.toThrow(StreamClosedError);
    expect(await store.log.heads([stream])).toMatchObject([{ seq: 1, closed: true }]);
  });

  it('begins once in an epoch, whoever does so and however often', async () => {
    const start = { stream, type: 'began', data: {} };
    const epoch = await store.log.begin(start);
    expect(await store.log.begin(start)).toBe(epoch);
    expect(await store.log.tell(fact(1, { begins: true }))).toBe('known');
    expect(await store.log.tell(fact(1))).toBe('known');
    expect(await store.log.heads([stream])).toMatchObject([{ epoch, seq: 1 }]);
    await store.log.renew(stream, epoch, 'hall');
    expect(await store.log.tell(fact(2, { begins: true }))).toBe('told');
    const renewed = await store.log.begin(start);
    expect(renewed).not.toBe(epoch);
    expect(await store.log.heads([stream])).toMatchObject([{ epoch: renewed, seq: 2 }]);
  });

  it('takes only facts once it is sealed, so that nobody goes on who was given up', async () => {
    const { epoch } = await append('a');
    await store.log.seal(stream);
    await expect(append('late')).rejects.toThrow(StreamClosedError);
    await expect(store.log.append({ stream, type: 'said', data: {} }, epoch)).rejects.toThrow(
      StreamClosedError,
    );
    await expect(store.log.begin({ stream, type: 'began', data: {} })).rejects.toThrow(StreamClosedError);
    expect(await store.log.tell(fact(1, { last: true }))).toBe('told');
    expect(await store.log.heads([stream])).toMatchObject([{ epoch, seq: 2, closed: true }]);
  });

  it('names with every event the one before it, and at its head the newest', async () => {
    const before: (string | undefined)[] = [];
    const stop = store.log.listenTo(stream, ({ previous }) => before.push(previous));
    const first = await append('a');
    const second = await append('b');
    await eventually('both', () => Promise.resolve(before.length === 2 || undefined));
    stop();
    expect(before).toEqual([undefined, first.id]);
    expect(await store.log.heads([stream])).toMatchObject([{ id: second.id }]);
  });

  it('keeps an epoch that a reader was told of meanwhile, when the one before was lost', async () => {
    const { epoch } = await append('a');
    await store.lose(stream);
    const told = await store.log.read(stream, { epoch, after: 1 });
    expect(told.status).toBe('reset');
    await store.log.renew(stream, epoch, 'hall');
    expect(await store.log.heads([stream])).toMatchObject([{ epoch: told.epoch, seq: 1, closed: false }]);
  });

  it('refuses what goes on from an epoch that was lost', async () => {
    const { epoch } = await append('a');
    await store.log.append({ stream, type: 'said', data: {} }, epoch);
    await store.lose(stream);
    await expect(store.log.append({ stream, type: 'said', data: {} }, epoch)).rejects.toThrow(
      EpochMovedError,
    );
    await append('b');
    await expect(store.log.append({ stream, type: 'said', data: {} }, epoch)).rejects.toThrow(
      EpochMovedError,
    );
    expect(await store.log.heads([stream])).toMatchObject([{ seq: 1 }]);
  });

  it('tells where streams stand, and that it does not know one', async () => {
    const { epoch, id } = await append('a');
    expect(await store.log.heads([stream, `test:${newId()}`])).toEqual([
      { epoch, seq: 1, id, closed: false },
      { epoch: undefined, seq: 0, id: undefined, closed: false },
    ]);
  });

  it('hands the events of one stream to those who listen to it alone', async () => {
    const heard: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      const stop = store.log.listenTo(stream, ({ event, last }) => {
        heard.push({ seq: event.seq, last });
        if (!last) return;
        stop();
        resolve();
      });
    });
    await store.log.append({ stream: `${stream}-other`, type: 'said', data: {} });
    await append('a');
    await store.log.tell(fact(1, { last: true }));
    await done;
    expect(heard).toEqual([
      { seq: 1, last: false },
      { seq: 2, last: true },
    ]);
  });

  it('lets a follower read kept and new events as one sequence', async () => {
    const stop = new AbortController();
    for (const text of ['a', 'b']) await append(text);
    const seen: unknown[] = [];
    const writing = (async () => {
      for (let index = 0; index < 200; index++) await append(String(index));
    })();
    for await (const followed of followStream(store.log, stream, { after: 1 }, stop.signal)) {
      if (followed.kind !== 'event') throw new Error(`not an event but ${followed.kind}`);
      seen.push(followed.event.seq);
      if (seen.length === 201) stop.abort();
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: 201 }, (_, index) => index + 2));
  });
});

it('events whose head a full Redis has dropped are not read under the epoch that takes its place', async () => {
  const url = await testServers.redisUrl();
  const [commands, subscriber] = [new Redis(url), new Redis(url)];
  const [prefix, stream] = [`test-${newId()}`, 'test:1'];
  const log = new RedisEventLog(commands, subscriber, prefix);
  const { epoch } = await log.append({ stream, type: 'said', data: {} });
  await commands.del(`${prefix}:events:{${stream}}:head`);
  const found = await log.read(stream, { after: 0 });
  expect(found).toMatchObject({ status: 'ok', head: 0, events: [] });
  expect(found.epoch).not.toBe(epoch);
  commands.disconnect();
  subscriber.disconnect();
});

it('a follower finds events that nobody told it about, for a hint may be lost', async () => {
  const log = new MemoryEventLog();
  const deaf: Pick<EventLogStore, 'read' | 'listenTo'> = {
    read: (stream, from) => log.read(stream, from),
    listenTo: () => () => undefined,
  };
  jest.useFakeTimers();
  try {
    const stop = new AbortController();
    const follower = followStream(deaf, 's', { after: 0 }, stop.signal);
    const next = follower.next();
    await jest.advanceTimersByTimeAsync(10);
    await log.append({ stream: 's', type: 'said', data: {} });
    await jest.advanceTimersByTimeAsync(5_000);
    expect((await next).value).toMatchObject({ kind: 'event', event: { seq: 1 } });
    stop.abort();
    await follower.return(undefined);
  } finally {
    jest.useRealTimers();
  }
});
