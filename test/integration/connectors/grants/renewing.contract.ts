import { setTimeout as sleep } from 'node:timers/promises';
import { AccountsRepository } from '../../../../src/connectors/connections/accounts.repository.js';
import { expectStatus, type Person } from '../../../support/api-client.js';
import { eventually } from '../../../support/eventually.js';
import { LiveSocket } from '../../../support/socket-client.js';
import { CONNECTORS, type GrantsWorld } from './grants-world.js';

/** What whoever asks for an access token may rely on. */
export function describeRenewing(started: () => GrantsWorld): void {
  let world: GrantsWorld;
  beforeAll(() => {
    world = started();
  });

  describe('renewing tokens', () => {
    const twentyCalls = (person: Person, rejected?: string): Promise<string[]> =>
      Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          world.tokens(at % 2 === 0 ? 0 : 1).get(person.user.id, 'oidc', rejected),
        ),
      );

    it('happens once for 20 calls at two instances, and again for a token that was refused', async () => {
      const person = await world.person();
      await world.connect(person);
      const { refresh } = await world.server.tallies();
      const first = await world.tokens().get(person.user.id, 'oidc');
      await world.letExpire(person);
      const second = new Set(await twentyCalls(person));
      expect([second.size, second.has(first)]).toEqual([1, false]);
      expect((await world.server.tallies()).refresh).toBe(refresh + 1);
      const third = new Set(await twentyCalls(person, [...second][0]));
      expect([third.size, third.has([...second][0] ?? '')]).toEqual([1, false]);
      expect((await world.server.tallies()).refresh).toBe(refresh + 2);
    });

    it('tells those who wait too long to come again, and takes no second turn', async () => {
      const person = await world.person();
      await world.connect(person);
      const { refresh } = await world.server.tallies({ answers: 'held' });
      await world.letExpire(person);
      await world.withTimes({ waitMs: 100 }, async () => {
        const renewing = world.tokens(0).get(person.user.id, 'oidc');
        await eventually('the claim', async () => {
          const { rowCount } = await world.sql.query(
            'SELECT 1 FROM connector_accounts WHERE user_id = $1 AND refresh_claim IS NOT NULL',
            [person.user.id],
          );
          return rowCount === 1 ? true : undefined;
        });
        await expect(world.tokens(1).get(person.user.id, 'oidc')).rejects.toMatchObject({
          code: 'unavailable',
          retryAfterMs: 100,
        });
        await world.server.tallies({ answers: 'released' });
        expect(await renewing).toBe(await world.tokens(1).get(person.user.id, 'oidc'));
      });
      expect((await world.server.tallies()).refresh).toBe(refresh + 1);
    });

    it('is left to others by a process that stood still after its claim', async () => {
      const person = await world.person();
      await world.connect(person);
      await world.letExpire(person);
      const { refresh } = await world.server.tallies();
      const accounts = world.apps[0].app.get(AccountsRepository, { strict: false });
      const claim = accounts.claimRefresh.bind(accounts);
      const still = jest.spyOn(accounts, 'claimRefresh').mockImplementationOnce(async (...args) => {
        const claimed = await claim(...args);
        await sleep(60);
        return claimed;
      });
      await world.withTimes({ slackMs: 50 }, async () => {
        await expect(world.tokens(0).get(person.user.id, 'oidc')).rejects.toMatchObject({
          code: 'unavailable',
        });
      });
      still.mockRestore();
      expect((await world.server.tallies()).refresh).toBe(refresh);
      expect(await world.tokens(1).get(person.user.id, 'oidc')).not.toBe('');
      expect((await world.server.tallies()).refresh).toBe(refresh + 1);
    });

    it('does not need Redis, which dies in the middle', async () => {
      const person = await world.person();
      await world.connect(person);
      const { refresh } = await world.server.tallies({ answers: 'held' });
      await world.letExpire(person);
      const calls = twentyCalls(person);
      await world.redis.kill();
      await world.server.tallies({ answers: 'released' });
      expect(new Set(await calls).size).toBe(1);
      expect((await world.server.tallies()).refresh).toBe(refresh + 1);
      await world.redis.restart();
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    });

    it('is tried once more when the answer was lost, not before its claim is over; then the person is asked', async () => {
      const person = await world.person();
      await world.connect(person);
      const device = await LiveSocket.connect(world.b, person.token);
      const { refresh } = await world.server.tallies({ answers: 'held' });
      await world.letExpire(person);
      // The platform answers nobody: it gives a new pair that nobody gets, and takes the second try for a thief's.
      await world.withTimes({ requestMs: 150, waitMs: 50, pauseMs: 0 }, async () => {
        const get = (instance: 0 | 1): Promise<string> => world.tokens(instance).get(person.user.id, 'oidc');
        await expect(get(0)).rejects.toMatchObject({ code: 'upstream-timeout' });
        await expect(get(1)).rejects.toMatchObject({ code: 'unavailable' });
        await world.server.tallies({ answers: 'released' });
      });
      await expect(world.tokens(1).get(person.user.id, 'oidc')).rejects.toMatchObject({
        code: 'needs-reauth',
      });
      expect((await world.server.tallies()).refresh).toBe(refresh + 2);
      const told = (status: string) =>
        device.hears(
          'connector.updated',
          ({ data }) => (data as object as { status: string }).status === status,
        );
      expect((await told('needs_reauth')).data).toEqual({ platform: 'oidc', status: 'needs_reauth' });
      expect(await world.statusOn(person)).toEqual(['needs_reauth', 'needs_reauth']);
      await world.connect(person);
      await told('connected');
      device.close();
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    });

    it('opens no token that was moved to another user, or into the place of another', async () => {
      const [person, thief] = [await world.person(), await world.person()];
      await world.connect(person);
      await world.connect(thief);
      await world.sql.query(
        `UPDATE connector_accounts SET access_token = (SELECT access_token FROM connector_accounts WHERE user_id = $1)
       WHERE user_id = $2`,
        [person.user.id, thief.user.id],
      );
      await world.sql.query('UPDATE connector_accounts SET access_token = refresh_token WHERE user_id = $1', [
        person.user.id,
      ]);
      for (const { user } of [thief, person])
        await expect(world.tokens().get(user.id, 'oidc')).rejects.toMatchObject({ code: 'needs-reauth' });
      expect(await world.shown(thief)).toMatchObject({ status: 'error', error: { code: 'needs-reauth' } });
      for (const one of [thief, person]) expectStatus(204, await one.delete(`${CONNECTORS}/oidc`));
      await eventually('what cannot be read to be given up', async () => {
        const { rowCount } = await world.sql.query('SELECT 1 FROM connector_revocations');
        return rowCount === 0 ? true : undefined;
      });
    });
  });
}
