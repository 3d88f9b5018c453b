import { expectStatus, type Person } from '../../../support/api-client.js';
import type { Fault } from '../../../support/authorization-server.js';
import { eventually } from '../../../support/eventually.js';
import { CONNECTORS, onward, type GrantsWorld } from './grants-world.js';

/** What a platform that answers wrongly can do, and cannot. */
export function describeFaultyPlatforms(started: () => GrantsWorld): void {
  let world: GrantsWorld;
  beforeAll(() => {
    world = started();
  });

  describe('a platform that answers wrongly', () => {
    const returning = async (person: Person, fault: Fault): Promise<Record<string, string>> => {
      await world.faulty.make('');
      const begun = await world.begin(person, { force: true }, 'google');
      const address = await world.faulty.visit(begun.authorizationUrl);
      await world.faulty.make(fault);
      return onward((await world.comeBack(person, address, begun)).response);
    };

    it('connects nobody, and is named as the one whose fault it is, in time', async () => {
      const person = await world.person();
      await world.withTimes({ requestMs: 300 }, async () => {
        const faults = ['status-500', 'error-200', 'no-token', 'wrong-issuer', 'html', 'bad-json'] as const;
        for (const fault of faults)
          expect([fault, await returning(person, fault)]).toEqual([
            fault,
            { platform: 'google', result: 'error', code: 'upstream-failed' },
          ]);
        expect(await returning(person, 'silent')).toMatchObject({ code: 'upstream-timeout' });
      });
      expect((await world.shown(person, 'google')).status).toBe('disconnected');
      expect(await returning(person, '')).toEqual({ platform: 'google', result: 'connected' });
    });

    it('gets its grant back when it does not say whose it is', async () => {
      const person = await world.person();
      const { revoked } = await world.faulty.tallies();
      expect(await returning(person, 'no-userinfo')).toMatchObject({ code: 'upstream-failed' });
      await eventually('both tokens to be given back', async () =>
        (await world.faulty.tallies()).revoked === revoked + 2 ? true : undefined,
      );
    });

    it('is not asked to end a grant that is in use again', async () => {
      const person = await world.person();
      await returning(person, '');
      await world.faulty.make('no-revocation');
      const { revoked } = await world.faulty.tallies();
      expectStatus(204, await person.delete(`${CONNECTORS}/google`));
      await eventually('a first try', async () =>
        (await world.faulty.tallies()).revoked > revoked ? true : undefined,
      );
      await returning(person, '');
      const { rowCount } = await world.sql.query('SELECT 1 FROM connector_revocations WHERE user_id = $1', [
        person.user.id,
      ]);
      expect(rowCount).toBe(0);
      expect((await world.shown(person, 'google')).status).toBe('connected');
    });

    it.each(['error-200', 'status-400'] as const)(
      'keeps its grant through a failure, and loses it by %s',
      async (refusal) => {
        const person = await world.person();
        await returning(person, '');
        await world.letExpire(person);
        const get = (): Promise<string> => world.tokens().get(person.user.id, 'google');
        await world.withTimes({ pauseMs: 20 }, async () => {
          await world.faulty.make('status-500');
          await expect(get()).rejects.toMatchObject({ code: 'upstream-failed' });
          await world.faulty.make('');
          expect(await get()).not.toBe('');
          await world.letExpire(person);
          await world.faulty.make(refusal);
          await expect(get()).rejects.toMatchObject({ code: 'needs-reauth' });
        });
        expect((await world.shown(person, 'google')).status).toBe('needs_reauth');
      },
    );
  });
}
