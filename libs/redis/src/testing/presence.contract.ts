import type { RedisConnections } from '../connections/redis-connections.js';
import { Presence, type PresenceOptions } from '../presence/presence.js';
import { undisturbed } from './undisturbed.js';
import { until } from './until.js';

/** What presence promises, wherever it is kept. Every test has a prefix of its own. */
export function describePresence(where: string, connect: () => RedisConnections): void {
  describe(`presence kept in ${where}`, () => {
    let run = 0;
    const opened: Presence[] = [];
    const open = (options: Partial<PresenceOptions> = {}): Presence => {
      const presence = new Presence(connect(), { prefix: `presence-${process.pid}-${run}`, ...options });
      opened.push(presence);
      return presence;
    };
    let presence: Presence;
    beforeEach(() => {
      run++;
      presence = open();
    });
    afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

    it('counts a user as online from the first connection to the last, and says who made the change', async () => {
      expect(await presence.isOnline('ann')).toBe(false);
      const first = await presence.connect({ userId: 'ann', connectionId: 'c1' });
      expect(first).toEqual({ userId: 'ann', previous: 'offline', state: 'online', changed: true });
      expect(await presence.connect({ userId: 'ann', connectionId: 'c2' })).toMatchObject({ changed: false });
      expect(await presence.disconnect('c1')).toMatchObject({ state: 'online', changed: false });
      expect(await presence.isOnline('ann')).toBe(true);
      expect(await presence.isOnline('an')).toBe(false);
      expect(await presence.disconnect('c2')).toMatchObject({ state: 'offline', changed: true });
      expect(await presence.isOnline('ann')).toBe(false);
    });

    it('says for exactly one of many at the same time that it changed something', async () => {
      const ids = Array.from({ length: 20 }, (_, at) => `c${at}`);
      const connected = await Promise.all(
        ids.map((connectionId) => presence.connect({ userId: 'ann', connectionId })),
      );
      expect(connected.filter(({ changed }) => changed)).toHaveLength(1);
      const gone = await Promise.all(ids.map((id) => presence.disconnect(id)));
      expect(gone.filter((change) => change?.changed)).toHaveLength(1);
      expect(await Promise.all(ids.map((id) => presence.disconnect(id)))).toEqual(ids.map(() => undefined));
    });

    it('counts a user as idle when all connections are', async () => {
      await presence.connect({ userId: 'ann', connectionId: 'c1' });
      await presence.connect({ userId: 'ann', connectionId: 'c2', state: 'idle' });
      expect(await presence.setState('c1', 'idle')).toMatchObject({
        previous: 'online',
        state: 'idle',
        changed: true,
      });
      expect(await presence.isOnline('ann')).toBe(true);
      expect(await presence.setState('c2', 'online')).toMatchObject({ state: 'online', changed: true });
      expect(await presence.setState('nobody', 'idle')).toBeUndefined();
    });

    it('tells of many users at once, in the order asked, and when they were last active', async () => {
      const before = Date.now();
      await presence.connect({ userId: 'ann', connectionId: 'c1' });
      await presence.connect({ userId: 'ann', connectionId: 'c2' });
      await presence.connect({ userId: 'bob', connectionId: 'c3', state: 'idle' });
      await presence.connect({ userId: 'cid', connectionId: 'c4' });
      await presence.disconnect('c4');
      const seen = await presence.of(['dan', 'cid', 'bob', 'ann']);
      expect(seen.map(({ userId, state, connections }) => [userId, state, connections])).toEqual([
        ['dan', 'offline', 0],
        ['cid', 'offline', 0],
        ['bob', 'idle', 1],
        ['ann', 'online', 2],
      ]);
      expect(seen[0]?.lastActiveAt).toBeNull();
      for (const { lastActiveAt } of seen.slice(1)) {
        expect(Date.parse(String(lastActiveAt))).toBeGreaterThanOrEqual(before - 1_000);
        expect(Date.parse(String(lastActiveAt))).toBeLessThanOrEqual(Date.now() + 1_000);
      }
    });

    it('takes being kept alive as activity of those who are online, not of the idle', async () => {
      await presence.connect({ userId: 'ann', connectionId: 'c1' });
      await presence.connect({ userId: 'bob', connectionId: 'c2', state: 'idle' });
      const active = async (): Promise<(string | null)[]> =>
        (await presence.of(['ann', 'bob'])).map(({ lastActiveAt }) => lastActiveAt);
      const [ann, bob] = await active();
      await until(async () => {
        await presence.touch(['c1', 'c2']);
        return (await active())[0] !== ann;
      });
      expect((await active())[1]).toBe(bob);
    });

    it('knows who is in a room, each once, until the last connection leaves or goes', async () => {
      await presence.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby', 'attic'] });
      await presence.connect({ userId: 'ann', connectionId: 'c2', rooms: ['lobby'] });
      await presence.connect({ userId: 'bob "b" {x}', connectionId: 'c3' });
      await presence.join('c3', 'lobby');
      const inside = async (room: string): Promise<string[]> => (await presence.onlineIn(room)).sort();
      expect(await inside('lobby')).toEqual(['ann', 'bob "b" {x}']);
      expect(await inside('attic')).toEqual(['ann']);
      expect(await inside('cellar')).toEqual([]);
      await presence.leave('c1', 'lobby');
      await presence.leave('c1', 'lobby');
      expect(await inside('lobby')).toEqual(['ann', 'bob "b" {x}']);
      await presence.disconnect('c2');
      await presence.disconnect('c3');
      expect(await inside('lobby')).toEqual([]);
      expect(await inside('attic')).toEqual(['ann']);
    });

    it('forgets a connection that nobody keeps alive, in its rooms too, and no other', () =>
      undisturbed(30, async () => {
        run++;
        const brief = open({ leaseMs: 250, renewEveryMs: 1e9 });
        await brief.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
        await brief.connect({ userId: 'bob', connectionId: 'c2', rooms: ['lobby'] });
        await until(async () => {
          await brief.touch(['c2', 'unknown']);
          const [[ann, bob], inside] = await Promise.all([brief.of(['ann', 'bob']), brief.onlineIn('lobby')]);
          expect(bob).toMatchObject({ state: 'online', connections: 1 });
          expect(inside).toContain('bob');
          return ann?.state === 'offline' && ann.connections === 0 && !inside.includes('ann');
        });
      }));

    it('says that a user is back when a lease that had run out is kept alive again', () =>
      undisturbed(30, async () => {
        run++;
        const brief = open({ leaseMs: 60, renewEveryMs: 1e9 });
        await brief.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
        await until(async () => !(await brief.isOnline('ann')));
        expect(await brief.touch(['c1'])).toEqual([
          { userId: 'ann', previous: 'offline', state: 'online', changed: true },
        ]);
        expect(await brief.onlineIn('lobby')).toEqual(['ann']);
      }));

    it('keeps its own connections alive by itself', () =>
      undisturbed(30, async () => {
        run++;
        const brief = open({ leaseMs: 400, renewEveryMs: 40 });
        await brief.connect({ userId: 'ann', connectionId: 'c1', rooms: ['lobby'] });
        const end = Date.now() + 500;
        await until(async () => {
          expect(await brief.isOnline('ann')).toBe(true);
          return Date.now() > end;
        });
        expect(await brief.onlineIn('lobby')).toEqual(['ann']);
      }));
  });
}
