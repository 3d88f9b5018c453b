import { randomBytes } from 'node:crypto';
import { SETTINGS } from '../../../../src/config/app-config.js';
import { loadSettings } from '../../../../src/config/load-settings.js';
import { rotateTokens } from '../../../../src/connectors/grants/token-rotation.command.js';
import { NEXT_KEY, TOKEN_KEY, type GrantsWorld } from './grants-world.js';

/** Where tokens are, where they are not, and what they are sealed with. */
export function describeSecrets(started: () => GrantsWorld): void {
  let world: GrantsWorld;
  beforeAll(() => {
    world = started();
  });

  describe('the keys of tokens', () => {
    it('are changed by a command while the service runs, as often as one likes', async () => {
      const person = await world.person();
      await world.connect(person);
      const rotate = async (keys: string): Promise<{ code: number; last: string | undefined }> => {
        const lines: string[] = [];
        const settings = loadSettings(SETTINGS, { ...world.settings, CONNECTOR_TOKEN_KEYS: keys });
        const code = await rotateTokens(settings, (line) => lines.push(line));
        expect(lines.join()).not.toContain(keys.slice(-20));
        return { code, last: lines.find((line) => line.startsWith('Done')) };
      };
      await world.letExpire(person);
      const [beside] = await Promise.all([
        Promise.all([0, 1, 0, 1].map((at) => world.tokens(at as 0 | 1).get(person.user.id, 'oidc'))),
        rotate(`${NEXT_KEY},${TOKEN_KEY}`),
      ]);
      expect(new Set(beside).size).toBe(1);
      await rotate(`${TOKEN_KEY},${NEXT_KEY}`);
      expect(await rotate(`${NEXT_KEY},${TOKEN_KEY}`)).toMatchObject({
        code: 0,
        last: expect.stringMatching(/^Done: [1-9]\d* sealed anew with the first key, 0 unreadable/) as string,
      });
      const { rows } = await world.sql.query<{ sealed: string }>(
        `SELECT unnest(ARRAY[access_token, refresh_token]) AS sealed FROM connector_accounts`,
      );
      expect(rows.filter(({ sealed }) => !sealed.startsWith('v1.k_2-'))).toEqual([]);
      expect((await rotate(`${NEXT_KEY},${TOKEN_KEY}`)).last).toMatch(/^Done: 0 sealed anew.* 0 unreadable/);
      expect((await rotate(`k3:${randomBytes(32).toString('base64')}`)).code).toBe(1);
      expect((await rotate(`${TOKEN_KEY},${NEXT_KEY}`)).code).toBe(0);
      expect(await world.tokens().get(person.user.id, 'oidc')).not.toBe('');
    });
  });

  describe('tokens', () => {
    it('are nowhere: not in logs, answers, Redis or tables', async () => {
      const person = await world.person();
      await world.connect(person);
      await world.letExpire(person);
      await world.tokens().get(person.user.id, 'oidc');
      await world.statusOn(person);
      await world.ask(person, '/api/users/me');
      const issued = [...(await world.server.tallies()).issued, ...(await world.faulty.tallies()).issued];
      expect(issued.length).toBeGreaterThan(20);
      const places = {
        heard: world.heard.join('\n'),
        redis: await world.everythingInRedis(),
        tables: await world.everythingInTables(),
      };
      expect(places.heard).toContain('"msg":"request"');
      const secrets = [...issued, ...world.seen, 'the secret of the client'].flatMap((secret) => [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64url'),
      ]);
      for (const [place, text] of Object.entries(places)) {
        // The search finds what is there.
        expect([place, text.includes(person.user.id)]).toEqual([place, true]);
        expect([place, secrets.filter((secret) => text.includes(secret))]).toEqual([place, []]);
      }
    });
  });
}
