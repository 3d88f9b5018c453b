import { setTimeout as sleep } from 'node:timers/promises';
import { expectStatus } from '../../../support/api-client.js';
import { eventually } from '../../../support/eventually.js';
import { CONNECTORS, onward, type GrantsWorld } from './grants-world.js';

/** What the end of a connection promises, also while it is being made or renewed. */
export function describeEnding(started: () => GrantsWorld): void {
  let world: GrantsWorld;
  beforeAll(() => {
    world = started();
  });

  describe('ending a connection', () => {
    it('is true at once everywhere, leaves no token, and gives the grant back', async () => {
      const person = await world.person();
      await world.connect(person);
      const { revoked } = await world.server.tallies();
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
      expectStatus(204, await person.delete(`${CONNECTORS}/oidc`));
      expect(await world.statusOn(person)).toEqual(['disconnected', 'disconnected']);
      await expect(world.tokens().get(person.user.id, 'oidc')).rejects.toMatchObject({
        code: 'not-connected',
      });
      await eventually('both tokens to be given back', async () => {
        const { rowCount } = await world.sql.query('SELECT 1 FROM connector_revocations');
        return rowCount === 0 && (await world.server.tallies()).revoked === revoked + 2 ? true : undefined;
      });
      expectStatus(204, await person.delete(`${CONNECTORS}/oidc`));
      expectStatus(404, await person.delete(`${CONNECTORS}/nothing`));
    });
  });

  describe('ending a connection and making it anew', () => {
    it('does not end what is made anew, where the platform takes both for one grant', async () => {
      const person = await world.person();
      await world.connect(person, 'one grant of somebody');
      const { revoking } = await world.server.tallies();
      await world.server.hold('held');
      expectStatus(204, await person.delete(`${CONNECTORS}/oidc`));
      await eventually('the platform to be asked to end the grant', async () =>
        (await world.server.tallies()).revoking > revoking ? true : undefined,
      );
      const anew = world.connect(person, 'one grant of somebody');
      // Whoever is not kept waiting is connected by then.
      await Promise.race([anew, sleep(400)]);
      await world.server.hold('released');
      await anew;
      await world.givenBack();
      await world.letExpire(person);
      expect(await world.tokens().get(person.user.id, 'oidc')).not.toBe('');
    });

    it('gives nothing back while somebody may be on the way back to it, and does so when nobody came', async () => {
      const person = await world.person();
      const { revoked } = await world.server.tallies();
      const tabs = [await world.begin(person), await world.begin(person), await world.begin(person)] as const;
      const back = async (at: 0 | 1 | 2): Promise<string | undefined> => {
        const address = await world.server.visitAs(tabs[at].authorizationUrl, `account ${at}`);
        return onward((await world.comeBack(person, address, tabs[at])).response)['code'];
      };
      expect([await back(0), await back(1)]).toEqual([undefined, 'already-connected']);
      const job = async (): Promise<string | undefined> => {
        const { rows } = await world.sql.query<{ status: string }>(
          `SELECT j.status FROM jobs j JOIN connector_revocations r ON j.key = r.id::text WHERE r.user_id = $1`,
          [person.user.id],
        );
        return rows[0]?.status;
      };
      await eventually(
        'the grant of the second to wait',
        async () => (await job()) === 'waiting' || undefined,
      );
      expect((await world.server.tallies()).revoked).toBe(revoked);
      await world.sql.query(
        `UPDATE connector_authorizations SET expires_at = now() - interval '5 minutes' WHERE user_id = $1`,
        [person.user.id],
      );
      await world.sql.query(`UPDATE jobs SET resume_at = now() WHERE status = 'waiting'`);
      await eventually('it to be given back', async () =>
        (await world.server.tallies()).revoked === revoked + 2 ? true : undefined,
      );
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    });
  });

  describe('ending a connection while it is being made or renewed', () => {
    it('leaves nothing connected, and gives back what the platform gave meanwhile', async () => {
      const person = await world.person();
      const { revoked, code } = await world.server.tallies({ answers: 'held' });
      const begun = await world.begin(person);
      const address = await world.server.visitAs(begun.authorizationUrl, 'somebody quick');
      const coming = world.comeBack(person, address, begun);
      await eventually('the code to be used', async () =>
        (await world.server.tallies()).code > code ? true : undefined,
      );
      expectStatus(204, await person.delete(`${CONNECTORS}/oidc`));
      await world.server.tallies({ answers: 'released' });
      expect(onward((await coming).response)).toMatchObject({ result: 'error', code: 'state-used' });
      expect(await world.statusOn(person)).toEqual(['disconnected', 'disconnected']);
      await eventually('the grant to be given back', async () =>
        (await world.server.tallies()).revoked === revoked + 2 ? true : undefined,
      );
    });

    it('and another account in its place does not get its tokens', async () => {
      const person = await world.person();
      await world.connect(person, 'the first account');
      const { revoked, refresh } = await world.server.tallies();
      await world.letExpire(person);
      await world.server.tallies({ answers: 'held' });
      const renewing = world.tokens().get(person.user.id, 'oidc');
      await eventually('the refresh token to be used', async () =>
        (await world.server.tallies()).refresh > refresh ? true : undefined,
      );
      await world.server.tallies({ answers: 'given' });
      await world.connect(person, 'the second account', { force: true });
      await world.server.tallies({ answers: 'released' });
      expect(await renewing).toBe(await world.tokens(1).get(person.user.id, 'oidc'));
      // Both pairs of the first account: the one that was stored, and the one that came too late.
      await eventually('four tokens to be given back', async () =>
        (await world.server.tallies()).revoked === revoked + 4 ? true : undefined,
      );
    });
  });
}
