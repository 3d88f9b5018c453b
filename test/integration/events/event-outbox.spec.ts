import { ConsoleLogger, Logger } from '@nestjs/common';
import { ChaosProxy } from '@rapport/cache/testing';
import { RedisConnections } from '@rapport/redis';
import { Redis } from 'ioredis';
import { RuntimeSettings } from '../../../src/config/runtime.settings.js';
import { Database } from '../../../src/platform/database/database.js';
import type { LogEvent } from '../../../src/platform/events/event-log.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { EventOutbox } from '../../../src/platform/events/event-outbox.service.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { PeriodicTasks } from '../../../src/platform/jobs/periodic.js';
import { createLogger } from '../../../src/platform/logging/logger.js';
import { RedisSettings } from '../../../src/platform/redis/redis.settings.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { eventually } from '../../support/eventually.js';

/** One instance: its own connections, log and outbox over the same database and Redis. */
class Instance {
  readonly connections: RedisConnections;
  readonly database: Database;
  readonly log: EventLog;
  readonly outbox: EventOutbox;
  private readonly tasks = new PeriodicTasks();

  constructor(db: TestDatabase, redisUrl: string | undefined) {
    this.connections = new RedisConnections({ url: redisUrl });
    this.database = new Database(db.dataSource, db.mode);
    this.log = new EventLog(this.connections, new RedisSettings(), new RuntimeSettings());
    this.outbox = new EventOutbox(this.database, this.log, this.tasks);
  }

  static async start(db: TestDatabase, redisUrl?: string): Promise<Instance> {
    const instance = new Instance(db, redisUrl);
    await instance.connections.start();
    await instance.log.onModuleInit();
    await instance.outbox.onModuleInit();
    return instance;
  }

  /** Commits one event of the stream and tells it. */
  say(stream: string, text: string): Promise<void> {
    return this.outbox.telling(() => this.commit(stream, text));
  }

  commit(stream: string, text: string): Promise<void> {
    return this.database.transaction(() => {
      this.outbox.add({ stream, type: 'said', data: { text } });
      return Promise.resolve();
    });
  }

  async stop(): Promise<void> {
    await this.tasks.onModuleDestroy();
    await this.outbox.onApplicationShutdown();
    this.log.onApplicationShutdown();
    this.connections.close();
  }
}

const until = (what: string, holds: () => boolean | Promise<boolean>): Promise<true> =>
  eventually(what, async () => ((await holds()) ? true : undefined));

const textsOf = (events: readonly LogEvent[]): string[] =>
  events.map(({ data }) => (data as { text: string }).text);

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));

describe('events of transactions', () => {
  let redis: RedisServer;
  let db: TestDatabase;
  let instances: Instance[];
  let stream: string;

  beforeAll(async () => {
    [redis, db] = await Promise.all([startRedis(), createTestDatabase()]);
  });
  afterAll(async () => {
    await db.close();
    await redis.stop();
  });
  beforeEach(() => {
    stream = `test:${newId()}`;
    instances = [];
  });
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    jest.restoreAllMocks();
  });

  const start = async (url: string | undefined = redis.url): Promise<Instance> => {
    const instance = await Instance.start(db, url);
    instances.push(instance);
    return instance;
  };
  const read = async ({ log }: Instance): Promise<string[]> =>
    textsOf((await log.read(stream, { after: 0 })).events);
  const waiting = async ({ below = Number.MAX_SAFE_INTEGER } = {}): Promise<number> => {
    const [row] = await db.dataSource.query<{ n: number }[]>(
      'SELECT count(*)::int AS n FROM event_outbox WHERE stream = $1 AND id < $2',
      [stream, below],
    );
    return row?.n ?? -1;
  };

  /** Redis refuses whatever is told of the stream. */
  const spoil = async (name: string): Promise<void> => {
    const client = new Redis(redis.url);
    const { keyPrefix } = new RedisSettings();
    await client.set(`${keyPrefix}:${new RuntimeSettings().environment}:events:{${name}}:head`, 'a string');
    client.disconnect();
  };
  /** So many of the stream wait since then, or from then on. */
  const backlog = (name: string, count: number, since: string): Promise<unknown> =>
    db.dataSource.query(
      `INSERT INTO event_outbox (stream, event, created_at)
       SELECT $1, jsonb_build_object('id', n, 'ts', now(), 'type', 'said', 'data', jsonb_build_object('text', n::text)),
              now() + $3::interval FROM generate_series(1, $2::int) AS n`,
      [name, count, since],
    );
  /** All that waits, as if it had waited for long. */
  const relayNow = async ({ outbox }: Instance): Promise<number> => {
    await db.dataSource.query(`UPDATE event_outbox SET created_at = now() - interval '1 minute'`);
    return outbox.relay();
  };

  it('are told after the commit, once, and then forgotten', async () => {
    const instance = await start();
    await instance.say(stream, 'hello');
    expect(await read(instance)).toEqual(['hello']);
    await until('told and forgotten', async () => (await waiting()) === 0);
    expect(await instance.outbox.relay()).toBe(0);
    expect(await read(instance)).toEqual(['hello']);
  });

  it('are never told of a transaction that rolls back', async () => {
    const instance = await start();
    const failing = instance.outbox.telling(() =>
      instance.database.transaction(async () => {
        await instance.commit(stream, 'never');
        throw new Error('no');
      }),
    );
    await expect(failing).rejects.toThrow('no');
    expect(await waiting()).toBe(0);
    await instance.say(stream, 'something');
    expect(await read(instance)).toEqual(['something']);
  });

  it('are refused outside a transaction, where nothing would keep them', async () => {
    const { outbox } = await start();
    expect(() => outbox.add({ stream, type: 'said', data: {} })).toThrow('database.transaction');
  });

  it('are told by another instance when the one that committed them died before it told them', async () => {
    const [dying, other] = [await start(), await start()];
    let die: (error: Error) => void = () => undefined;
    const dead = new Promise<never>((_resolve, reject) => (die = reject));
    jest.spyOn(dying.log, 'tell').mockReturnValue(dead);
    await dying.say(stream, 'last words');
    expect(await read(other)).toEqual([]);
    await until('told by the other', async () => (await read(other)).length > 0);
    expect(await read(other)).toEqual(['last words']);
    await until('told and forgotten', async () => (await waiting()) === 0);
    die(new Error('killed'));
  });

  it('stand in the order of their commits, though a later one is told first', async () => {
    const [slow, quick] = [await start(), await start()];
    let goOn: () => void = () => undefined;
    const tell = slow.log.tell.bind(slow.log);
    jest.spyOn(slow.log, 'tell').mockImplementationOnce(async (fact) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      return tell(fact);
    });
    await slow.say(stream, 'first');
    await quick.say(stream, 'second');
    await until('told', async () => (await read(quick)).length === 2);
    expect(await read(quick)).toEqual(['first', 'second']);
    goOn();
    await slow.say(stream, 'third');
    await until('told', async () => (await read(quick)).length === 3);
    expect(await read(quick)).toEqual(['first', 'second', 'third']);
  });

  it('stand in that order also for whoever tells them late, though the later one waits longer', async () => {
    const [dying, other] = [await start(), await start()];
    let die: (error: Error) => void = () => undefined;
    const dead = new Promise<never>((_resolve, reject) => (die = reject));
    jest.spyOn(dying.log, 'tell').mockReturnValue(dead);
    await dying.say(stream, 'first');
    await dying.say(stream, 'second');
    await db.dataSource.query(
      `UPDATE event_outbox SET created_at = now() - interval '5 s' WHERE stream = $1 AND event->'data'->>'text' = $2`,
      [stream, 'second'],
    );
    await other.outbox.relay();
    expect(await read(other)).toEqual(['first', 'second']);
    die(new Error('killed'));
  });

  it('are read a few at a time, however many wait before the one that is told', async () => {
    const instance = await start();
    const waitingBefore = 450;
    await backlog(stream, waitingBefore, '1 hour');
    const query = jest.spyOn(instance.database.manager, 'query');
    await instance.say(stream, 'the newest');
    await until('all told and forgotten', async () => (await waiting()) === 0);
    const answers = await Promise.all(query.mock.results.map(({ value }) => value as Promise<unknown>));
    query.mockRestore();
    expect(Math.max(...answers.map((rows) => (Array.isArray(rows) ? rows.length : 0)))).toBe(200);
    const { events } = await instance.log.read(stream, { after: 0, limit: 1_000 });
    expect(textsOf(events)).toEqual([...numbers(waitingBefore), 'the newest']);
  });

  it('of many transactions at once are all told, each once', async () => {
    const both = [await start(), await start()];
    const texts = Array.from({ length: 40 }, (_, index) => String(index));
    await Promise.all(texts.map((text, index) => (both[index % 2] as Instance).say(stream, text)));
    await until('all told', async () => (await read(both[0] as Instance)).length >= 40);
    expect((await read(both[0] as Instance)).sort()).toEqual([...texts].sort());
  });

  it('cost the log and the database no more each, however many are on their way to a slow log', async () => {
    const network = await ChaosProxy.start({ port: redis.port });
    const url = `redis://${network.host}:${network.port}`;
    const both = [await start(url), await start(url)];
    await Promise.all(both.map(({ outbox }) => outbox.relay()));
    network.delay(100, 0, { direction: 'toClient' });
    const tellings = both.map(({ log }) => jest.spyOn(log, 'tell'));
    const queries = both.map(({ database }) => jest.spyOn(database.manager, 'query'));
    const texts = Array.from({ length: 100 }, (_, index) => String(index));
    await Promise.all(
      texts.map((text, index) => {
        const { database, outbox } = both[index % 2] as Instance;
        return outbox.telling(() =>
          database.transaction(async () => {
            for (const name of [`${stream}-${text}`, stream])
              outbox.add({ stream: name, type: 'said', data: { text } });
          }),
        );
      }),
    );
    await until('told and forgotten', async () => (await waiting()) === 0);
    expect((await read(both[0] as Instance)).sort()).toEqual([...texts].sort());
    const searches = queries.flatMap(({ mock }) => mock.calls).filter(([sql]) => sql.includes('id < $3'));
    const told = tellings.flatMap(({ mock }) => mock.calls);
    for (const spy of [...tellings, ...queries]) spy.mockRestore();
    await network.close();
    // Two facts of each transaction, each told again now and then by who has to wait for the other instance's.
    expect(told.length).toBeLessThan(8 * texts.length);
    expect(searches.length).toBeLessThan(texts.length / 2);
  });

  it('of a long outage are told over a slow link without giving up the log', async () => {
    const network = await ChaosProxy.start({ port: redis.port }, { maxBytes: 65_536 });
    network.delay(16, 0, { direction: 'toServer' });
    await db.dataSource.query(
      `INSERT INTO event_outbox (stream, event, created_at)
       SELECT $1 || CASE WHEN n > 40 THEN '-' || n ELSE '' END,
              jsonb_build_object('id', n, 'ts', now(), 'type', 'said', 'data', jsonb_build_object('text', repeat('x', 40000))),
              now() - interval '1 minute' FROM generate_series(1, 80) AS n`,
      [stream],
    );
    const { log } = await start(`redis://${network.host}:${network.port}`);
    await until('all told and forgotten', async () => {
      const [row] = await db.dataSource.query<{ left: number }[]>(
        `SELECT count(*)::int AS left FROM event_outbox WHERE stream LIKE $1 || '%'`,
        [stream],
      );
      return row?.left === 0;
    });
    expect(log.counts.keptLocal).toBe(0);
    await network.close();
  });

  it('go live in the process while Redis is away, and to everybody when it is back', async () => {
    const [here, there] = [await start(), await start()];
    await here.say(stream, 'before');
    await until('told and forgotten', async () => (await waiting()) === 0);
    await redis.kill();
    await until('both without Redis', () => here.log.degraded && there.log.degraded);
    const heard: string[] = [];
    here.log.listenTo(stream, ({ event }) => heard.push(...textsOf([event])));
    await here.say(stream, 'meanwhile');
    expect(heard).toEqual(['meanwhile']);
    expect(await waiting()).toBe(1);
    await redis.restart();
    await until('told to the other', async () => (await read(there)).includes('meanwhile'));
    await until('told and forgotten', async () => (await waiting()) === 0);
  });

  it('hold nobody up while Redis hangs', async () => {
    const instance = await start();
    await instance.say(stream, 'before');
    redis.pause();
    try {
      const started = performance.now();
      for (let index = 0; index < 10; index++) await instance.say(stream, `hung ${index}`);
      // Ten waits of 50 ms at the very most; a hung command would be a second each.
      expect(performance.now() - started).toBeLessThan(2_000);
      await until('given up', () => instance.log.degraded);
    } finally {
      redis.resume();
    }
    await until('told and forgotten', async () => (await waiting()) === 0);
    const texts = await read(instance);
    expect(texts).toEqual(['before', ...Array.from({ length: 10 }, (_, index) => `hung ${index}`)]);
  });

  it('wait for no other streams whose keys are not what they should be, however much waits in these', async () => {
    const broken = [`${stream}-broken`, `${stream}-broken-too`];
    await Promise.all(broken.map(spoil));
    const { log, outbox } = await start();
    const relay = outbox.relay.bind(outbox);
    jest.spyOn(outbox, 'relay').mockResolvedValue(0);
    for (const name of [...broken, stream]) await backlog(name, 350, '-1 minute');
    const tell = jest.spyOn(log, 'tell');
    try {
      expect(await relay()).toBe(350);
    } finally {
      await db.dataSource.query('DELETE FROM event_outbox');
    }
    const { events } = await log.read(stream, { after: 0, limit: 1_000 });
    expect(textsOf(events)).toEqual(numbers(350));
    expect(log.degraded).toBe(false);
    // A page of each, not all that waits: it would be refused like these.
    expect(tell.mock.calls.filter(([fact]) => fact.stream !== stream)).toHaveLength(2 * 200);
  });

  it('wait for no other streams, however many of these refuse', async () => {
    const { log, outbox } = await start();
    const relay = outbox.relay.bind(outbox);
    jest.spyOn(outbox, 'relay').mockResolvedValue(0);
    const tell = log.tell.bind(log);
    jest
      .spyOn(log, 'tell')
      .mockImplementation((fact) =>
        fact.stream === stream ? tell(fact) : Promise.reject(new Error('refused')),
      );
    await db.dataSource.query(
      `INSERT INTO event_outbox (stream, event, created_at)
       SELECT $1 || '-broken-' || n, '{"id": "1", "type": "said", "data": {}}', now() - interval '1 minute'
       FROM generate_series(1, 750) AS n`,
      [stream],
    );
    await backlog(stream, 1, '-1 minute');
    Logger.overrideLogger(false);
    try {
      expect(await relay()).toBe(1);
    } finally {
      Logger.overrideLogger(new ConsoleLogger());
      await db.dataSource.query('DELETE FROM event_outbox');
    }
  });

  it('are no part of the line that says that Redis refuses them', async () => {
    const instance = await start();
    await instance.say(stream, 'before');
    const lines: string[] = [];
    Logger.overrideLogger(createLogger({ level: 'trace' }, { write: (line) => void lines.push(line) }));
    const client = new Redis(redis.url);
    try {
      await client.config('SET', 'maxmemory', '1');
      await instance.say(stream, 'a private sentence');
      await until('given up', () => instance.log.degraded);
      await client.config('SET', 'maxmemory', '0');
      await until('with Redis again', () => !instance.log.degraded);
      await spoil(`${stream}-broken`);
      await instance.say(`${stream}-broken`, 'another private sentence');
      await until('both said', () => lines.join().includes('WRONGTYPE'));
    } finally {
      client.disconnect();
      Logger.overrideLogger(new ConsoleLogger());
    }
    expect(lines.join()).toContain('OOM');
    expect(lines.join()).not.toContain('private sentence');
  });

  it('leave the outbox with those before them: one told by itself again would undo what came after', async () => {
    const [slow, here] = [await start(), await start()];
    const tell = slow.log.tell.bind(slow.log);
    // Told, and not known to be: the answer came too late.
    jest.spyOn(slow.log, 'tell').mockImplementation((fact) => tell(fact).then(() => 'kept'));
    await slow.say(stream, 'created');
    expect(await waiting()).toBe(1);
    await here.say(stream, 'deleted');
    await until('one forgotten', async () => (await waiting()) < 2);
    expect(await waiting()).toBe(0);
    expect(await read(here)).toEqual(['created', 'deleted']);
  });

  it('are told in a context of their own, though it is work that a transaction left behind which commits them', async () => {
    const [here, dead] = [await start(), await start()];
    for (const { outbox } of [here, dead]) jest.spyOn(outbox, 'relay').mockResolvedValue(0);
    jest.spyOn(dead.log, 'tell').mockRejectedValue(new Error('dies before it tells'));
    await dead.say(stream, 'first');
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    let left: Promise<void> | undefined;
    await here.database.transaction(() => {
      left = ended.then(() => here.say(stream, 'second'));
      return Promise.resolve();
    });
    end();
    await left;
    await until('told', async () => (await read(here)).length > 0);
    expect(await read(here)).toEqual(['first', 'second']);
  });

  it('are waited for when the process stops, also beside one that was refused', async () => {
    const { database, log, outbox } = await start();
    const broken = `${stream}-broken`;
    await spoil(broken);
    const tell = log.tell.bind(log);
    let goOn: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (goOn = resolve));
    jest.spyOn(log, 'tell').mockImplementation(async (fact) => {
      if (fact.stream === stream) await slow;
      return tell(fact);
    });
    await outbox.telling(() =>
      database.transaction(() => {
        for (const name of [broken, stream])
          outbox.add({ stream: name, type: 'said', data: { text: 'told' } });
        return Promise.resolve();
      }),
    );
    const stopped = jest.fn();
    const stopping = outbox.onApplicationShutdown().then(stopped);
    await new Promise(setImmediate);
    expect(stopped).not.toHaveBeenCalled();
    goOn();
    await stopping;
    expect(textsOf((await log.read(stream, { after: 0 })).events)).toEqual(['told']);
  });

  it('let the process stop also when the database has gone first', async () => {
    const instance = await Instance.start(db, redis.url);
    await instance.say(stream, 'told');
    jest.spyOn(instance.database, 'manager', 'get').mockImplementation(() => {
      throw new Error('gone');
    });
    await expect(instance.stop()).resolves.toBeUndefined();
  });

  describe('of a database that was restored from a backup', () => {
    /** Numbers that were given before are given again. */
    const restore = async (): Promise<void> => {
      await db.dataSource.query('DELETE FROM event_outbox');
      await db.dataSource.query('ALTER TABLE event_outbox ALTER COLUMN id RESTART WITH 1');
    };

    it('are told by a process that starts on it: the log has known their numbers from the time after the backup', async () => {
      const before = await start();
      for (const text of ['one', 'two']) await before.say(stream, text);
      await until('told and forgotten', async () => (await waiting()) === 0);
      await before.stop();
      await restore();
      const after = await start();
      await after.say(stream, 'in the other life');
      expect(await read(after)).toEqual(['one', 'two', 'in the other life']);
    });

    it('are told by one that finds Redis only later, those that wait in their order', async () => {
      const before = await start();
      await before.say(stream, 'one');
      await until('told and forgotten', async () => (await waiting()) === 0);
      await before.stop();
      redis.pause();
      let after: Instance;
      try {
        await restore();
        after = await start();
        for (const text of ['two', 'three']) await after.say(stream, text);
        expect(await waiting()).toBe(2);
      } finally {
        redis.resume();
      }
      await until('with Redis again', () => !after.log.degraded);
      await after.say(stream, 'four');
      await until('told and forgotten', async () => (await waiting()) === 0);
      expect(await read(after)).toEqual(['one', 'two', 'three', 'four']);
    });

    it('are told by one that Redis does not answer in time when it asks what the log knows', async () => {
      const before = await start();
      for (const text of ['one', 'two']) await before.say(stream, text);
      await until('told and forgotten', async () => (await waiting()) === 0);
      await before.stop();
      await restore();
      const after = new Instance(db, redis.url);
      instances = [after];
      await after.connections.start();
      await after.log.onModuleInit();
      redis.pause();
      const starting = after.outbox.onModuleInit();
      await until('given up', () => after.log.degraded);
      redis.resume();
      await starting;
      await until('with Redis again', () => !after.log.degraded);
      await after.say(stream, 'in the other life');
      await relayNow(after);
      expect(await read(after)).toEqual(['one', 'two', 'in the other life']);
    });

    it('are told by one that was without Redis meanwhile, before the next look at what waits', async () => {
      const instance = await start();
      for (const text of ['one', 'two']) await instance.say(stream, text);
      await until('told and forgotten', async () => (await waiting()) === 0);
      const relay = jest.spyOn(instance.outbox, 'relay').mockResolvedValue(0);
      redis.pause();
      expect(await instance.log.newestTold()).toBeUndefined();
      await restore();
      redis.resume();
      await until('with Redis again', () => !instance.log.degraded);
      await instance.say(stream, 'in the other life');
      await until('forgotten, or numbered anew', async () => (await waiting({ below: 1_000 })) === 0);
      relay.mockRestore();
      await relayNow(instance);
      expect(await read(instance)).toEqual(['one', 'two', 'in the other life']);
    });

    it('are numbered anew also where their transaction commits while that is done', async () => {
      const before = await start();
      for (const text of ['one', 'two']) await before.say(stream, text);
      await until('told and forgotten', async () => (await waiting()) === 0);
      await before.stop();
      await restore();
      const open = db.dataSource.createQueryRunner();
      await open.startTransaction();
      try {
        await open.query(
          `INSERT INTO event_outbox (stream, event)
           VALUES ($1, '{"id": "3", "ts": "2026-01-01", "type": "said", "data": {"text": "three"}}')`,
          [stream],
        );
        let started = false;
        const starting = start().then(() => (started = true));
        await until('waits for the transaction, or has not seen it', async () => {
          const locks = `SELECT 1 FROM pg_locks WHERE relation = 'event_outbox'::regclass AND NOT granted`;
          return started || (await db.dataSource.query<unknown[]>(locks)).length > 0;
        });
        await open.commitTransaction();
        await starting;
      } finally {
        await open.release();
      }
      const [after] = instances.slice(-1) as [Instance];
      await relayNow(after);
      expect(await read(after)).toEqual(['one', 'two', 'three']);
    });

    it('are numbered anew once, however many processes notice', async () => {
      const [here, there] = await Promise.all([start(), start()]);
      await here.say(stream, 'one');
      await until('told and forgotten', async () => (await waiting()) === 0);
      await restore();
      await Promise.all([here, there].map(({ outbox }) => outbox.relay()));
      const texts = Array.from({ length: 20 }, (_, index) => String(index));
      await Promise.all(texts.map((text, index) => (index % 2 ? here : there).say(stream, text)));
      await until('all told', async () => (await read(here)).length > 20);
      expect((await read(there)).sort()).toEqual(['one', ...texts].sort());
    });
  });

  it('are missed by nobody who was last told of them in an earlier outage', async () => {
    const instance = await start();
    const { log } = instance;
    const outage = async (text: string): Promise<void> => {
      redis.pause();
      await instance.say(stream, text);
      await until('given up', () => log.degraded);
    };
    await outage('of the first outage');
    const { epoch, head } = await log.read(stream, { after: 0 });
    redis.resume();
    await until('told', async () => !log.degraded && (await waiting()) === 0);
    await instance.say(stream, 'in between');
    await outage('of the second outage');
    try {
      expect(await log.read(stream, { epoch, after: head })).toMatchObject({ status: 'reset' });
    } finally {
      redis.resume();
    }
  });

  it('need no table where nobody shares the log', async () => {
    const alone = await Instance.start(db, undefined);
    instances.push(alone);
    const add = jest.spyOn(alone.database.manager, 'query');
    await Promise.all(['a', 'b', 'c'].map((text) => alone.say(stream, text)));
    expect((await read(alone)).sort()).toEqual(['a', 'b', 'c']);
    expect(add).not.toHaveBeenCalled();
  });
});
