import { RedisConnections } from '@rapport/redis';
import { Redis } from 'ioredis';
import { RuntimeSettings } from '../../../src/config/runtime.settings.js';
import type { LogEvent } from '../../../src/platform/events/event-log.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { RedisSettings } from '../../../src/platform/redis/redis.settings.js';
import { Audience } from '../../../src/realtime/sync/audience.js';
import { StreamDelivery } from '../../../src/realtime/sync/stream-delivery.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** One instance with one client, who follows a room from the start. */
class Instance {
  readonly heard: LogEvent[] = [];
  readonly log: EventLog;
  readonly audience = new Audience();
  readonly delivery: StreamDelivery;
  private readonly connections: RedisConnections;

  constructor(url: string) {
    this.connections = new RedisConnections({ url });
    this.log = new EventLog(this.connections, new RedisSettings(), new RuntimeSettings());
    this.delivery = new StreamDelivery(this.log, this.audience);
  }

  static async start(url: string, room?: string): Promise<Instance> {
    const instance = new Instance(url);
    await instance.connections.start();
    await instance.log.onModuleInit();
    instance.delivery.onModuleInit();
    if (room) {
      instance.audience.startJoining(room, { offer: ({ event }) => void instance.heard.push(event) });
      // The room's position is asked for on the same connection, so it is known by then.
      await instance.log.heads([room]);
    }
    return instance;
  }

  /** Deaf, as when an announcement is lost on the way. */
  async deaf(work: () => Promise<unknown>): Promise<void> {
    const channel = `${new RedisSettings().keyPrefix}:${new RuntimeSettings().environment}:events`;
    await this.connections.subscriber?.unsubscribe(channel);
    await work();
    await this.connections.subscriber?.subscribe(channel);
  }

  /** As a server that is full: it announces and takes nothing from this instance. */
  async refused(work: () => Promise<unknown>): Promise<void> {
    const writable = jest.spyOn(this.connections, 'writable').mockReturnValue(false);
    await work();
    writable.mockRestore();
  }

  seqs(): (number | null)[] {
    return this.heard.map(({ seq }) => seq);
  }

  stop(): void {
    this.delivery.onApplicationShutdown();
    this.log.onApplicationShutdown();
    this.connections.close();
  }
}

describe('what is brought to the sockets of an instance', () => {
  let redis: RedisServer;
  let admin: Redis;
  let here: Instance;
  let there: Instance;
  let room: string;

  beforeAll(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url, { maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });
  beforeEach(async () => {
    room = `test:${newId()}`;
    there = await Instance.start(redis.url);
    await there.log.append({ stream: room, type: 'said', data: {} });
    here = await Instance.start(redis.url, room);
  });
  afterEach(() => {
    here.stop();
    there.stop();
  });

  const say = (stream = room): Promise<LogEvent> =>
    there.log.append({ stream, room, type: 'said', data: {} });
  const hears = (what: string, holds: () => boolean): Promise<true> =>
    eventually(what, () => Promise.resolve(holds() ? true : undefined));

  it('is every event after the moment of joining, in order', async () => {
    await Promise.all(Array.from({ length: 50 }, () => say()));
    await hears('all of them', () => here.heard.length === 50);
    expect(here.seqs()).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
  });

  it('is complete where an announcement was lost: the next one shows the gap, and the log fills it', async () => {
    await say();
    await here.deaf(() => Promise.all([say(), say()]));
    await say();
    await hears('the gap filled', () => here.heard.length === 4);
    expect(here.seqs()).toEqual([2, 3, 4, 5]);
    expect(here.delivery.counts.repaired).toBeGreaterThanOrEqual(2);
  });

  it('is complete from the beginning for a stream whose first events were lost', async () => {
    const stream = `${room}-reply`;
    await here.deaf(() => Promise.all([say(stream), say(stream)]));
    await say(stream);
    await hears('all three', () => here.heard.length === 3);
    expect(here.seqs()).toEqual([1, 2, 3]);
  });

  it('begins where the client that asks for a stream is brought to, not with its first event', async () => {
    const stream = `${room}-reply`;
    await say(stream);
    await say(stream);
    const late = await Instance.start(redis.url);
    const client = { offer: ({ event }: { event: LogEvent }) => void late.heard.push(event) };
    late.audience.startJoining(room, client, [stream]);
    await late.log.heads([stream]);
    await say(stream);
    await hears('the next', () => late.heard.length > 0);
    expect(late.seqs()).toEqual([3]);
    late.stop();
  });

  it('comes as far as a client was told over another connection, before that client hears of more', async () => {
    await say();
    let told: LogEvent | undefined;
    await here.deaf(async () => (told = await say()));
    await here.audience.reach(room, { epoch: told!.epoch, seq: told!.seq! });
    expect(here.seqs()).toEqual([2, 3]);
    await say();
    await hears('the next', () => here.heard.length === 3);
    expect(here.seqs()).toEqual([2, 3, 4]);
  });

  it('is complete after the subscription was lost, though nothing else happens', async () => {
    await say();
    await hears('the first', () => here.heard.length === 1);
    await here.deaf(() => say());
    await admin.client('KILL', 'TYPE', 'pubsub');
    await hears('what was said meanwhile', () => here.heard.length === 2);
    expect(here.seqs()).toEqual([2, 3]);
  });

  it('says so when the log was lost, though nothing else happens', async () => {
    const { epoch } = await say();
    await hears('the first', () => here.heard.length === 1);
    await redis.restart();
    await hears('the reset', () => here.heard.some(({ type }) => type === 'sync.reset'));
    const reset = here.heard.at(-1);
    await hears('the other to be back', () => !there.log.degraded);
    expect(reset).toMatchObject({ stream: room, seq: 1 });
    expect(reset?.epoch).not.toBe(epoch);
    const next = await say();
    await hears('the next', () => here.heard.at(-1)?.id === next.id);
    expect(next).toMatchObject({ epoch: reset?.epoch, seq: 2 });
  });

  it('says so when the log has gone back in time', async () => {
    const [events, head] = await admin.keys(`*${room}*`).then((keys) => keys.sort());
    const [oldEvents, oldHead] = [await admin.dumpBuffer(events!), await admin.dumpBuffer(head!)];
    await Promise.all([say(), say(), say()]);
    await hears('three', () => here.heard.length === 3);
    await admin.restore(events!, 0, oldEvents, 'REPLACE');
    await admin.restore(head!, 0, oldHead, 'REPLACE');
    await admin.client('KILL', 'TYPE', 'pubsub');
    await hears('the reset', () => here.heard.at(-1)?.type === 'sync.reset');
  });

  it('says so when the log has gone back in time and on to the same number', async () => {
    const [events, head] = await admin.keys(`*${room}*`).then((keys) => keys.sort());
    const [oldEvents, oldHead] = [await admin.dumpBuffer(events!), await admin.dumpBuffer(head!)];
    await say();
    await hears('the one that will be lost', () => here.heard.length === 1);
    await here.deaf(async () => {
      await admin.restore(events!, 0, oldEvents, 'REPLACE');
      await admin.restore(head!, 0, oldHead, 'REPLACE');
      await say();
    });
    // Its number is the next one, and yet it does not follow what was heard.
    await say();
    await hears('the reset', () => here.heard.some(({ type }) => type === 'sync.reset'));
    expect(here.seqs().slice(0, 2)).toEqual([2, 1]);
  });

  it('says so when another event has taken the place of the last one, though nothing else happens', async () => {
    const [events, head] = await admin.keys(`*${room}*`).then((keys) => keys.sort());
    const [oldEvents, oldHead] = [await admin.dumpBuffer(events!), await admin.dumpBuffer(head!)];
    await say();
    await hears('the one that will be lost', () => here.heard.length === 1);
    await here.deaf(async () => {
      await admin.restore(events!, 0, oldEvents, 'REPLACE');
      await admin.restore(head!, 0, oldHead, 'REPLACE');
      await say();
    });
    await admin.client('KILL', 'TYPE', 'pubsub');
    await hears('the reset', () => here.heard.at(-1)?.type === 'sync.reset');
  });

  it('is an epoch from its first event on, though only a later one was announced', async () => {
    await say();
    await hears('the first', () => here.heard.length === 1);
    await here.deaf(async () => {
      await admin.del(...(await admin.keys(`*${room}*`)));
      await say();
    });
    await say();
    await hears('both of the new epoch', () => here.heard.length === 3);
    expect(here.seqs()).toEqual([2, 1, 2]);
  });

  it('comes from one log at a time: nothing shared while this instance answers from its own', async () => {
    await say();
    await hears('the first', () => here.heard.length === 1);
    await here.refused(async () => {
      await here.log.append({ stream: room, type: 'said', data: {} });
      await hears('its own', () => here.heard.length === 2);
      await say();
      const { epoch } = await here.log.read(room, { after: 0 });
      expect(here.heard.at(-1)?.epoch).toBe(epoch);
    });
    await hears('what was shared meanwhile', () => here.heard.length > 2);
    const { epoch } = await there.log.read(room, { after: 0 });
    expect(here.heard.slice(2).every((event) => event.epoch === epoch)).toBe(true);
    expect(here.seqs()).toEqual([2, 1, 1, 2, 3]);
  });

  it('forgets streams that have ended, though their room is still there', async () => {
    const ended = `${room}-ended`;
    await there.log.tell({
      stream: ended,
      type: 'over',
      data: {},
      id: newId(),
      ts: new Date().toISOString(),
      fact: 1,
      last: true,
    });
    here.audience.startJoining(room, { offer: () => undefined }, [ended]);
    expect(here.delivery.counts.streams).toBe(2);
    await here.log.heads([ended]);
    await admin.client('KILL', 'TYPE', 'pubsub');
    await hears('the ended one forgotten', () => here.delivery.counts.streams === 1);
  });

  it('forgets streams that nobody follows any more', async () => {
    await say();
    await hears('it', () => here.heard.length === 1);
    expect(here.delivery.counts.streams).toBe(1);
    const client = { offer: () => undefined };
    const other = `${room}-other`;
    here.audience.startJoining(other, client);
    expect(here.delivery.counts.streams).toBe(2);
    here.audience.endJoining(other, client);
    expect(here.delivery.counts.streams).toBe(1);
  });
});
