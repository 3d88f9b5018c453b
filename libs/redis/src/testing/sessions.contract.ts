import type { RedisConnections } from '../connections/redis-connections.js';
import type { Session } from '../sessions/session-store.js';
import { Sessions, type SessionsOptions } from '../sessions/sessions.js';
import { undisturbed } from './undisturbed.js';
import { until } from './until.js';

/** A socket that is about to be registered. */
export const socketOf = (socketId: string, userId: string): Omit<Session, 'lastSeenAt'> => ({
  socketId,
  userId,
  rooms: [],
  connectedAt: '2030-01-01T00:00:00.000Z',
  pod: 'pod-1',
});

/** What sessions promise, wherever they are kept. Every test has a prefix of its own. */
export function describeSessions(where: string, connect: () => RedisConnections): void {
  describe(`sessions kept in ${where}`, () => {
    let run = 0;
    const opened: Sessions[] = [];
    const open = (options: Partial<SessionsOptions> = {}): Sessions => {
      const sessions = new Sessions(connect(), { prefix: `sessions-${process.pid}-${run}`, ...options });
      opened.push(sessions);
      return sessions;
    };
    let sessions: Sessions;
    beforeEach(() => {
      run++;
      sessions = open();
    });
    afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));
    const idsOf = async (userId: string): Promise<string[]> =>
      (await sessions.ofUser(userId)).map(({ socketId }) => socketId).sort();

    it('are found by socket and by user as they were registered', async () => {
      const before = Date.now();
      const session = await sessions.register({ ...socketOf('s1', 'ann'), rooms: ['lobby', 'ä "x" {y}'] });
      expect(session).toEqual({
        ...socketOf('s1', 'ann'),
        rooms: ['lobby', 'ä "x" {y}'],
        lastSeenAt: session.lastSeenAt,
      });
      expect(Date.parse(session.lastSeenAt)).toBeGreaterThanOrEqual(before);
      expect(await sessions.get('s1')).toEqual(session);
      expect(await sessions.ofUser('ann')).toEqual([session]);
      expect(await sessions.get('s2')).toBeUndefined();
    });

    it("never show another user's", async () => {
      await sessions.register(socketOf('s1', 'ann'));
      await sessions.register(socketOf('s2', 'ann2'));
      expect(await idsOf('ann')).toEqual(['s1']);
      await sessions.removeAllOf('ann');
      expect(await idsOf('ann2')).toEqual(['s2']);
    });

    it('are gone once removed, by socket and by user', async () => {
      await sessions.register(socketOf('s1', 'ann'));
      await sessions.register(socketOf('s2', 'ann'));
      expect(await sessions.remove('s1')).toBe(true);
      expect(await sessions.remove('s1')).toBe(false);
      expect(await sessions.get('s1')).toBeUndefined();
      expect(await idsOf('ann')).toEqual(['s2']);
    });

    it('of a user are removed together, and each is handed to one caller only', async () => {
      await Promise.all(['s1', 's2', 's3'].map((id) => sessions.register(socketOf(id, 'ann'))));
      const removed = await Promise.all([1, 2, 3].map(() => sessions.removeAllOf('ann')));
      expect(
        removed
          .flat()
          .map(({ socketId }) => socketId)
          .sort(),
      ).toEqual(['s1', 's2', 's3']);
      expect(await idsOf('ann')).toEqual([]);
      expect(await sessions.get('s2')).toBeUndefined();
    });

    it('follow the rooms of their socket', async () => {
      await sessions.register(socketOf('s1', 'ann'));
      await sessions.setRooms('s1', ['lobby']);
      await sessions.setRooms('unknown', ['lobby']);
      expect((await sessions.get('s1'))?.rooms).toEqual(['lobby']);
      expect(await sessions.get('unknown')).toBeUndefined();
    });

    it('say when they were last kept alive', async () => {
      const { lastSeenAt } = await sessions.register(socketOf('s1', 'ann'));
      await until(async () => {
        await sessions.touch(['s1', 'unknown']);
        return ((await sessions.get('s1'))?.lastSeenAt ?? '') > lastSeenAt;
      });
      expect(await sessions.get('unknown')).toBeUndefined();
    });

    it('do not come back when their socket goes while it is being kept alive', async () => {
      await sessions.register(socketOf('s1', 'ann'));
      await Promise.all([sessions.touch(['s1']), sessions.remove('s1'), sessions.touch(['s1'])]);
      expect(await sessions.get('s1')).toBeUndefined();
      await sessions.register(socketOf('s2', 'ann'));
      await Promise.all([sessions.touch(['s2']), sessions.removeAllOf('ann'), sessions.touch(['s2'])]);
      expect(await idsOf('ann')).toEqual([]);
    });

    it('end when nobody keeps them alive, and not before', () =>
      undisturbed(30, async () => {
        run++;
        const dead = open({ ttlMs: 150, renewEveryMs: 1e9 });
        const alive = open({ ttlMs: 400, renewEveryMs: 40 });
        await dead.register(socketOf('s1', 'ann'));
        await alive.register(socketOf('s2', 'ann'));
        await until(async () => (await dead.get('s1')) === undefined);
        expect(await dead.ofUser('ann')).not.toContainEqual(expect.objectContaining({ socketId: 's1' }));
        const end = Date.now() + 450;
        await until(async () => {
          expect(await alive.ofUser('ann')).toHaveLength(1);
          return Date.now() > end;
        });
      }));
  });
}
