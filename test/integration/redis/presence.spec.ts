import { Logger } from '@nestjs/common';
import { Presence, RedisConnections, type PresenceChange, type PresenceOptions } from '@rapport/redis';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { MemoryPresenceStore } from '../../../libs/redis/src/presence/memory-presence-store.js';
import { RedisPresenceStore } from '../../../libs/redis/src/presence/redis-presence-store.js';
import { FULL_SIZE } from '../../../libs/cache/src/testing/full-size.js';
import { until } from '../../../libs/redis/src/testing/until.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const LEASE_MS = 60_000;
const FAST = { maxBackoffMs: 50, heartbeatMs: 100, commandTimeoutMs: 5_000, connectTimeoutMs: 500 };
const USERS = ['ann', 'bob'];
const ROOMS = ['lobby', 'attic'];

describe('presence among instances', () => {
  let server: RedisServer;
  let connections: RedisConnections;
  let run = 0;
  const opened: Presence[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await startRedis();
    connections = new RedisConnections({ url: server.url, commandTimeoutMs: 10_000 });
    await connections.start();
    await until(() => connections.status() === 'ready');
  });
  afterAll(async () => {
    connections.close();
    await server.stop();
  });
  beforeEach(() => {
    run++;
  });
  afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

  /** An instance that renews nothing by itself. */
  const open = (options: Partial<PresenceOptions> = {}, name = `p${run}`): Presence => {
    const presence = new Presence(connections, {
      prefix: name,
      leaseMs: LEASE_MS,
      renewEveryMs: 1e9,
      ...options,
    });
    opened.push(presence);
    return presence;
  };

  /** Lets `ms` pass for every lease, by moving their ends. */
  const age = async (name: string, ms: number): Promise<void> => {
    const redis = connections.commands!;
    const keys = await redis.keys(`${name}:presence:*`);
    for (const key of keys.filter((each) => !each.endsWith(':details'))) {
      const leases = await redis.zrange(key, 0, -1, 'WITHSCORES');
      await Promise.all(
        leases.filter((_, at) => at % 2 === 0).map((lease) => redis.zincrby(key, -ms, lease)),
      );
    }
  };

  const someone = fc.constantFrom(...USERS);
  const somewhere = fc.constantFrom(...ROOMS);
  const some = fc.nat(9);
  const state = fc.constantFrom('online' as const, 'idle' as const);
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('connect' as const),
        user: someone,
        rooms: fc.subarray(ROOMS),
        state,
        at: fc.nat(1),
      }),
    },
    fc.record({ do: fc.constant('disconnect' as const), some }),
    fc.record({ do: fc.constant('set' as const), some, state }),
    fc.record({ do: fc.constant('join' as const), some, room: somewhere }),
    fc.record({ do: fc.constant('leave' as const), some, room: somewhere }),
    fc.record({ do: fc.constant('touch' as const), at: fc.nat(1) }),
    // 0.4 of a lease: after two it goes on, after three it is over, whatever the test itself takes.
    { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
    fc.record({ do: fc.constant('crash' as const), at: fc.nat(1) }),
  );

  it('is what one process would see that had all connections, whatever they do and whoever dies', async () => {
    let example = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const name = `model${run}-${example++}`;
        let now = 1e12;
        const model = new MemoryPresenceStore({ leaseMs: LEASE_MS, rememberMs: 1e12 }, () => now);
        const instances = [open({}, name), open({}, name)];
        const live: {
          id: string;
          userId: string;
          rooms: Set<string>;
          state: 'online' | 'idle';
          at: number;
        }[] = [];
        let ids = 0;
        const pick = (index: number) => (live.length > 0 ? live[index % live.length] : undefined);
        for (const each of steps) {
          let told: PresenceChange | undefined;
          let expected: PresenceChange | undefined;
          const one = 'some' in each ? pick(each.some) : undefined;
          const member = one && { connectionId: one.id, userId: one.userId };
          const instance = one && instances[one.at];
          if (each.do === 'connect') {
            const id = `c${ids++}`;
            const { user: userId, rooms, at } = each;
            live.push({ id, userId, rooms: new Set(rooms), state: each.state, at });
            told = await instances[at]!.connect({ userId, connectionId: id, rooms, state: each.state });
            expected = await model.keep(userId, [[id, each.state]]);
            for (const room of rooms) await model.enter(room, [{ connectionId: id, userId }]);
          } else if (each.do === 'wait') {
            now += LEASE_MS * 0.4;
            await age(name, LEASE_MS * 0.4);
          } else if (each.do === 'touch') {
            const own = live.filter(({ at }) => at === each.at);
            const told = await instances[each.at]!.touch(own.map(({ id }) => id));
            const changes: PresenceChange[] = [];
            for (const userId of new Set(own.map((connection) => connection.userId))) {
              const of = own.filter((connection) => connection.userId === userId);
              changes.push(
                await model.keep(
                  userId,
                  of.map((connection) => [connection.id, connection.state]),
                ),
              );
            }
            for (const { id, userId, rooms } of own)
              for (const room of rooms) await model.enter(room, [{ connectionId: id, userId }]);
            expect(told).toEqual(changes.filter(({ changed }) => changed));
          } else if (each.do === 'crash') {
            instances[each.at] = open({}, name);
            for (const { id } of live.filter(({ at }) => at === each.at))
              live.splice(
                live.findIndex((connection) => connection.id === id),
                1,
              );
          } else if (one && member && instance) {
            if (each.do === 'disconnect') {
              live.splice(live.indexOf(one), 1);
              told = await instance.disconnect(one.id);
              expected = await model.drop(one.userId, [one.id]);
              for (const room of one.rooms) await model.leave(room, [member]);
            } else if (each.do === 'set') {
              one.state = each.state;
              told = await instance.setState(one.id, each.state);
              expected = await model.keep(one.userId, [[one.id, each.state]]);
            } else if (each.do === 'join') {
              one.rooms.add(each.room);
              await instance.join(one.id, each.room);
              await model.enter(each.room, [member]);
            } else {
              if (one.rooms.delete(each.room)) await model.leave(each.room, [member]);
              await instance.leave(one.id, each.room);
            }
          }
          expect(told).toEqual(expected);
          const asked = instances[ids % 2]!;
          const [seen, ...inside] = await Promise.all([
            asked.of(USERS),
            ...ROOMS.map((room) => asked.onlineIn(room)),
          ]);
          const wanted = await model.of(USERS);
          expect(seen.map((user) => [user.userId, user.state, user.connections])).toEqual(
            wanted.map((user) => [user.userId, user.state, user.connections]),
          );
          for (const [at, room] of ROOMS.entries())
            expect(inside[at]!.sort()).toEqual((await model.onlineIn(room)).sort());
        }
      }),
      { numRuns: FULL_SIZE ? 500 : 15 },
    );
  }, 300_000);

  it('keeps many connections alive at once', async () => {
    const presence = open();
    const ids = Array.from({ length: 600 }, (_, at) => `c${at}`);
    await Promise.all(
      ids.map((connectionId, at) =>
        presence.connect({ userId: `user ${at % 300}`, connectionId, rooms: ['lobby'] }),
      ),
    );
    await age(`p${run}`, LEASE_MS * 0.9);
    expect(await presence.touch(ids)).toEqual([]);
    await age(`p${run}`, LEASE_MS * 0.9);
    expect(await presence.onlineIn('lobby')).toHaveLength(300);
  });

  describe('of a killed instance', () => {
    /** Two that go on, however slow the machine is, and what both of them hear. */
    const survivors = (): { heard: PresenceChange[]; one: Presence } => {
      const heard: PresenceChange[] = [];
      const options = { leaseMs: 4_000, sweepEveryMs: 20 };
      const two = [open(options), open(options)];
      for (const each of two) each.onChange((change) => heard.push(change));
      return { heard, one: two[0]! };
    };
    /** Neither renews its leases nor looks for those of others. */
    const killed = (): Presence => open({ leaseMs: 400, renewEveryMs: 1e9, sweepEveryMs: 1e9 });
    const listed = async (): Promise<string[]> => {
      const lists = ['due', 'taken'].map((list) => `p${run}:presence:{sweep}:${list}`);
      return (await Promise.all(lists.map((key) => connections.commands!.zrange(key, 0, -1)))).flat();
    };

    it('the users are told as offline, each by one instance and once', async () => {
      const { heard } = survivors();
      const dead = killed();
      const users = Array.from({ length: 700 }, (_, at) => `user ${at}`);
      await Promise.all(
        users.map((userId, at) => dead.connect({ userId, connectionId: `c${at}`, rooms: ['lobby'] })),
      );
      await until(async () => heard.length >= users.length && (await listed()).length === 0);
      expect(heard.map(({ userId }) => userId).sort()).toEqual(users.toSorted());
      expect(new Set(heard.map(({ previous, state }) => `${previous} ${state}`))).toEqual(
        new Set(['online offline']),
      );
      // Nothing is left of the connections either.
      expect(await connections.commands!.hkeys(`p${run}:presence:{u:user 0}:details`)).not.toContain('c:c0');
    });

    it('a user who is idle elsewhere is told as idle, and one who is online elsewhere not at all', async () => {
      const { heard, one } = survivors();
      const dead = killed();
      for (const userId of ['ann', 'bob', 'cid'])
        await dead.connect({ userId, connectionId: `${userId}-there` });
      await one.connect({ userId: 'ann', connectionId: 'ann-here', state: 'idle' });
      await one.connect({ userId: 'bob', connectionId: 'bob-here' });
      await until(() => heard.length >= 2);
      await until(async () => (await one.of(['bob']))[0]?.connections === 1);
      expect(heard.map(({ userId, state }) => `${userId} ${state}`).sort()).toEqual([
        'ann idle',
        'cid offline',
      ]);
      // Those that are still there are looked at again.
      expect((await listed()).sort()).toEqual(expect.arrayContaining(['ann', 'bob']));
    });

    it('that had begun to look, the users come to another one', async () => {
      const { heard } = survivors();
      const dead = killed();
      await dead.connect({ userId: 'ann', connectionId: 'c1' });
      const key = `p${run}:presence:{sweep}`;
      await connections.commands!.multi().zrem(`${key}:due`, 'ann').zadd(`${key}:taken`, 1, 'ann').exec();
      await until(() => heard.length > 0);
      expect(heard).toMatchObject([{ userId: 'ann', state: 'offline' }]);
      expect(await connections.commands!.zscore(`${key}:taken`, 'ann')).toBeNull();
    });

    it('a user who goes from the last instance after that is told once', async () => {
      const slow = open({ leaseMs: 60, renewEveryMs: 1e9, sweepEveryMs: 1e9 });
      await slow.connect({ userId: 'ann', connectionId: 'c1' });
      await until(async () => !(await slow.isOnline('ann')));
      expect(await slow.disconnect('c1')).toMatchObject({
        previous: 'online',
        state: 'offline',
        changed: true,
      });
    });
  });

  it('leaves no key behind when the leases are over and the activity is forgotten', async () => {
    const presence = open({ leaseMs: 50, rememberMs: 50 });
    await presence.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
    await until(async () => (await connections.commands!.keys(`p${run}:*`)).length === 0);
  });

  it('takes its connections off when it stops', async () => {
    const [stopping, staying] = [open(), open()];
    await stopping.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
    await staying.connect({ userId: 'bob', connectionId: 'c2', rooms: ['lobby'] });
    await stopping.close();
    expect(await staying.of(['ann', 'bob'])).toMatchObject([{ connections: 0 }, { connections: 1 }]);
    expect(await staying.onlineIn('lobby')).toEqual(['bob']);
  });
});

describe('presence while Redis is away', () => {
  let server: RedisServer;
  const closing: { close: () => unknown }[] = [];
  beforeEach(async () => {
    Logger.overrideLogger(false);
    server = await startRedis();
  });
  afterEach(async () => {
    for (const each of closing.splice(0).reverse()) await each.close();
    await server.stop();
  });
  const open = async (options: Partial<PresenceOptions> = {}): Promise<Presence> => {
    const connections = new RedisConnections({ url: server.url, ...FAST });
    await connections.start();
    await until(() => connections.status() === 'ready');
    const presence = new Presence(connections, { prefix: 'p', ...options });
    closing.push(connections, presence);
    return presence;
  };

  it('knows its own connections, says that it is degraded, and writes them again when Redis is back, empty', async () => {
    const [one, other] = [await open(), await open()];
    const noticed: PresenceChange[] = [];
    one.onChange((change) => noticed.push(change));
    await one.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
    await one.connect({ userId: 'cid', connectionId: 'c3', rooms: ['lobby'] });
    await other.connect({ userId: 'bob', connectionId: 'c2', rooms: ['lobby'] });
    expect(await one.onlineIn('lobby')).toHaveLength(3);
    await server.kill();
    await until(() => one.degraded && other.degraded);
    expect(await one.onlineIn('lobby')).toEqual(['ann', 'cid']);
    expect(await one.isOnline('bob')).toBe(false);
    expect(await one.connect({ userId: 'dan', connectionId: 'c4' })).toMatchObject({ changed: true });
    expect(await one.disconnect('c3')).toMatchObject({ changed: true });
    await server.restart();
    await until(() => !one.degraded && !other.degraded);
    for (const presence of [one, other]) {
      const seen = await presence.of(['ann', 'bob', 'cid', 'dan']);
      expect(seen.map((user) => user.state)).toEqual(['online', 'online', 'offline', 'online']);
      expect((await presence.onlineIn('lobby')).sort()).toEqual(['ann', 'bob']);
    }
    // To Redis, which had forgotten them, they are new.
    expect(noticed.map(({ userId, state }) => `${userId} ${state}`).sort()).toEqual([
      'ann online',
      'dan online',
    ]);
  });

  it('tells nobody as gone whose lease ran out while Redis was away, before instances had time to renew', async () => {
    const times = { leaseMs: 10_000, rememberMs: 60_000 };
    const one = await open({ ...times, sweepEveryMs: 1 });
    const gone: string[] = [];
    one.onChange(({ userId, state }) => state === 'offline' && gone.push(userId));
    const redis = new Redis(server.url);
    const elsewhere = new RedisPresenceStore(redis, 'p', times);
    await elsewhere.keep('ann', [['c1', 'online']]);
    await elsewhere.keep('bob', [['c2', 'online']]);
    await elsewhere.watch(['ann', 'bob']);
    // At one blow: all leases are over, and the connection is gone.
    await redis
      .multi()
      .zadd('p:presence:{sweep}:due', 1, 'ann', 1, 'bob')
      .zadd('p:presence:{u:ann}:leases', 1, 'c1')
      .zadd('p:presence:{u:bob}:leases', 1, 'c2')
      .call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      .exec();
    await until(() => one.degraded);
    await until(() => !one.degraded);
    await elsewhere.keep('ann', [['c1', 'online']]);
    // Whom nobody renews is found.
    await until(() => gone.length > 0);
    expect(gone).toEqual(['bob']);
    redis.disconnect();
  });

  it('answers by the deadline when Redis hangs, and tells it afterwards who went meanwhile', async () => {
    const [one, other] = [await open(), await open()];
    await one.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
    await one.connect({ userId: 'bob', connectionId: 'c2' });
    server.pause();
    // Redis does not: without a deadline this would not end.
    await Promise.all([one.disconnect('c1'), one.setState('c2', 'idle'), one.of(['ann'])]);
    expect(one.degraded).toBe(true);
    expect(await one.of(['ann', 'bob'])).toMatchObject([{ state: 'offline' }, { state: 'idle' }]);
    server.resume();
    await until(() => !one.degraded && !other.degraded);
    expect(await other.of(['ann', 'bob'])).toMatchObject([{ state: 'offline' }, { state: 'idle' }]);
    expect(await other.onlineIn('lobby')).toEqual([]);
  });
});
