import { randomUUID } from 'node:crypto';
import { AuthorizationsRepository } from '../../../../src/connectors/grants/authorizations.repository.js';
import { Api, expectStatus } from '../../../support/api-client.js';
import { eventually } from '../../../support/eventually.js';
import { LiveSocket, type LiveEvent } from '../../../support/socket-client.js';
import { adminToken } from '../../../support/tokens.js';
import { codeOf, CONNECTORS, onward, RETURN_URL, type GrantsWorld, type Shown } from './grants-world.js';

/** What people on their way to a platform and back may rely on. */
export function describeConnecting(started: () => GrantsWorld): void {
  let world: GrantsWorld;
  beforeAll(() => {
    world = started();
  });

  describe('connecting a platform', () => {
    it('sends people there and back, and the very next status on either instance says connected', async () => {
      const person = await world.person();
      expect(await world.statusOn(person)).toEqual(['disconnected', 'disconnected']);
      const begun = await world.begin(person);
      expect(await world.statusOn(person)).toEqual(['connecting', 'connecting']);
      const asked = new URL(begun.authorizationUrl).searchParams;
      expect([asked.get('code_challenge_method'), asked.get('response_type')]).toEqual(['S256', 'code']);
      expect(begun.setCookie).toMatch(
        /; Path=\/api\/connectors\/oidc\/callback; .*; HttpOnly; SameSite=Lax; Secure$/,
      );
      const address = await world.server.visitAs(begun.authorizationUrl, 'somebody');
      const { response } = await world.comeBack(person.at(world.b), address, begun);
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe(`${RETURN_URL}?platform=oidc&result=connected`);
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    });

    it('tells devices that somebody is on the way and how that went, unless they are connected meanwhile', async () => {
      const person = await world.person();
      const device = await LiveSocket.connect(world.b, person.token);
      const told = async (...statuses: string[]): Promise<object | undefined> => {
        const events = (): LiveEvent[] => device.heard.filter(({ type }) => type === 'connector.updated');
        await eventually(`${statuses.length} changes`, () =>
          Promise.resolve(events().length >= statuses.length || undefined),
        );
        const changes = events().map(({ data }) => data as object as { status: string });
        expect(changes.map(({ status }) => status)).toEqual(statuses);
        return changes.at(-1);
      };
      const begun = await world.begin(person);
      const until = ((await told('connecting')) as { expiresAt: string }).expiresAt;
      expect(await told('connecting')).toEqual({ platform: 'oidc', status: 'connecting', expiresAt: until });
      expect(Date.parse(until) - Date.now()).toBeGreaterThan(500_000);
      await world.comeBack(person, await world.server.visitAs(begun.authorizationUrl, 'deny'), begun);
      expect(await told('connecting', 'disconnected')).toEqual({ platform: 'oidc', status: 'disconnected' });
      await world.connect(person, 'somebody');
      await told('connecting', 'disconnected', 'connecting', 'connected');
      await world.begin(person, { force: true });
      expectStatus(204, await person.delete(`${CONNECTORS}/oidc`));
      await told('connecting', 'disconnected', 'connecting', 'connected', 'disconnected');
      await world.givenBack();
      device.close();
    });

    it('answers a reload of a page that still waits for the platform with what the platform says then', async () => {
      const person = await world.person();
      const begun = await world.begin(person);
      const address = await world.server.visitAs(begun.authorizationUrl, 'somebody');
      const { code } = await world.server.tallies({ answers: 'held' });
      const first = world.comeBack(person, address, begun);
      await eventually('the code to be used', async () =>
        (await world.server.tallies()).code > code ? true : undefined,
      );
      const rows = world.apps[1].app.get(AuthorizationsRepository, { strict: false });
      const looks = jest.spyOn(rows, 'find');
      const reload = world.comeBack(person.at(world.b), address, begun);
      await eventually('the second to wait for the first', () =>
        Promise.resolve(looks.mock.calls.length >= 3 || undefined),
      );
      const forged = new URL(address);
      forged.searchParams.set('code', randomUUID());
      expect(onward((await world.comeBack(person, forged, begun)).response)['code']).toBe('state-used');
      expect(await world.statusOn(person)).toEqual(['connecting', 'connecting']);
      await world.server.tallies({ answers: 'released' });
      for (const { response } of await Promise.all([first, reload]))
        expect(onward(response)).toEqual({ platform: 'oidc', result: 'connected' });
      expect((await world.server.tallies()).code).toBe(code + 1);
      looks.mockRestore();
    });

    it('answers a reload with the same, also of a page that is still loading, and asks the platform once', async () => {
      const person = await world.person();
      const { code: before } = await world.server.tallies();
      const begun = await world.begin(person);
      const address = await world.server.visitAs(begun.authorizationUrl, 'somebody');
      const onBoth = (): Promise<{ response: Response }[]> =>
        Promise.all([world.a, world.b].map((url) => world.comeBack(person.at(url), address, begun)));
      for (const { response } of [...(await onBoth()), ...(await onBoth())])
        expect(onward(response)).toEqual({ platform: 'oidc', result: 'connected' });
      expect((await world.server.tallies()).code).toBe(before + 1);
    });

    it('says denied to who says no, also to JSON', async () => {
      const person = await world.person();
      const begun = await world.begin(person);
      const address = await world.server.visitAs(begun.authorizationUrl, 'deny');
      const { response } = await world.comeBack(person, address, begun);
      expect(onward(response)).toEqual({ platform: 'oidc', result: 'denied', code: 'access-denied' });
      const json = await world.comeBack(person, address, { ...begun, accept: 'application/json' });
      expect([json.response.status, codeOf(json.text)]).toEqual([403, 'access-denied']);
      expect(await world.statusOn(person)).toEqual(['disconnected', 'disconnected']);
    });

    it('refuses another browser, another user and an unknown state, and sends them nowhere', async () => {
      const [person, stranger] = [await world.person(), await world.person()];
      const begun = await world.begin(person);
      const other = await world.begin(stranger);
      const address = await world.server.visitAs(begun.authorizationUrl, 'somebody');
      for (const cookie of [undefined, other.cookie, begun.cookie.replace(/=.*/, '=guess')]) {
        const { response, text } = await world.comeBack(person, address, { cookie });
        expect([response.status, codeOf(text)]).toEqual([400, 'state-invalid']);
      }
      const { state, code } = Object.fromEntries(address.searchParams);
      const foreign = await stranger.post(`${CONNECTORS}/callback`, { state, code });
      expect(foreign).toMatchObject({ status: 400, body: { code: 'state-invalid' } });
      const unknown = new URL(address);
      unknown.searchParams.set('state', randomUUID());
      expect(codeOf((await world.comeBack(person, unknown, begun)).text)).toBe('state-invalid');
      // Nobody has used it up.
      expect((await world.comeBack(person, address, begun)).response.status).toBe(303);
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    });

    it('refuses a state that is too old, a second code, and the answer of another issuer', async () => {
      const person = await world.person();
      const { code: before } = await world.server.tallies();
      const late = await world.begin(person);
      const lateAddress = await world.server.visitAs(late.authorizationUrl, 'somebody');
      await world.sql.query(`UPDATE connector_authorizations SET expires_at = now() WHERE user_id = $1`, [
        person.user.id,
      ]);
      expect(onward((await world.comeBack(person, lateAddress, late)).response)).toMatchObject({
        result: 'error',
        code: 'state-expired',
      });
      const mixed = await world.begin(person);
      const mixedAddress = await world.server.visitAs(mixed.authorizationUrl, 'somebody');
      mixedAddress.searchParams.set('iss', 'https://elsewhere.example');
      expect(onward((await world.comeBack(person, mixedAddress, mixed)).response)).toMatchObject({
        result: 'error',
        code: 'issuer-mismatch',
      });
      expect((await world.server.tallies()).code).toBe(before);
      const { address, begun } = await world.connect(person);
      address.searchParams.set('code', randomUUID());
      expect(onward((await world.comeBack(person, address, begun)).response)).toMatchObject({
        result: 'error',
        code: 'state-used',
      });
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    });

    it('does not connect what is connected, unless told so, nor send people to others', async () => {
      const person = await world.person();
      await world.connect(person, 'one account');
      const path = `${CONNECTORS}/oidc/authorizations`;
      expect(await person.post(path, { returnUrl: RETURN_URL })).toMatchObject({
        status: 409,
        body: { code: 'already-connected' },
      });
      for (const returnUrl of ['https://evil.example/', 'https://rapport.test@evil.example/', 'javascript:1'])
        expect(await person.post(path, { returnUrl, force: true })).toMatchObject({
          status: 400,
          body: { code: 'return-url-not-allowed' },
        });
      const { revoked } = await world.server.tallies();
      await world.connect(person, 'another account', { force: true });
      await world.givenBack();
      expect((await world.server.tallies()).revoked).toBe(revoked + 2);
    });

    it('connects one account when two come back at once, or one late, and gives the other’s grant back', async () => {
      const person = await world.person();
      const { revoked } = await world.server.tallies();
      const tabs = await Promise.all([1, 2, 3].map(() => world.begin(person)));
      const back = async (at: number): Promise<string | undefined> => {
        const begun = tabs[at] as (typeof tabs)[number];
        const address = await world.server.visitAs(begun.authorizationUrl, `account of tab ${at}`);
        const api = person.at(at === 0 ? world.a : world.b);
        return onward((await world.comeBack(api, address, begun)).response)['code'];
      };
      const atOnce = await Promise.all([back(0), back(1)]);
      expect(atOnce.filter((code) => code === undefined)).toHaveLength(1);
      expect([...atOnce, await back(2)].filter((code) => code === 'already-connected')).toHaveLength(2);
      expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
      await world.sql.query(`UPDATE jobs SET resume_at = now() WHERE status = 'waiting'`);
      await eventually('two grants to be given back', async () =>
        (await world.server.tallies()).revoked === revoked + 4 ? true : undefined,
      );
      expect(await world.tokens().get(person.user.id, 'oidc')).not.toBe('');
    });

    it('has people asked for access in their absence only where that is wanted, and gets it then', async () => {
      const person = await world.person();
      const promptOf = async (scopes?: string[]): Promise<string | null> => {
        const { begun } = await world.connect(person, 'somebody', { force: true, scopes });
        return new URL(begun.authorizationUrl).searchParams.get('prompt');
      };
      const renewed = async (): Promise<string> => {
        await world.letExpire(person);
        return world.tokens().get(person.user.id, 'oidc');
      };
      expect(await promptOf(['openid', 'profile'])).toBeNull();
      expect((await world.shown(person)).scopes).toEqual(['openid', 'profile']);
      await expect(renewed()).rejects.toMatchObject({ code: 'needs-reauth' });
      expect(await promptOf()).toBe('consent');
      expect((await world.shown(person)).scopes).toContain('offline_access');
      expect(await renewed()).not.toBe('');
    });

    it('serves the older paths by the same rules', async () => {
      const person = await world.person();
      const begun = await world.begin(person);
      const { searchParams } = await world.server.visitAs(begun.authorizationUrl, 'somebody');
      const input = { provider: 'oidc', ...Object.fromEntries(searchParams) };
      const done = await person.post(`${CONNECTORS}/callback`, input);
      expect(done).toMatchObject({ status: 200, body: { success: true, data: { result: 'connected' } } });
      const status = `${CONNECTORS}/status/${person.user.id}`;
      const read = async (api: Api): Promise<{ success: boolean; data: Shown[]; cached: boolean }> =>
        expectStatus(200, await api.get(status));
      expect(await read(person)).toMatchObject({ success: true, cached: false });
      const again = await read(person.at(world.b));
      expect(again.cached).toBe(true);
      expect(again.data.find(({ platform }) => platform === 'oidc')?.status).toBe('connected');
      const stranger = await world.person();
      const admin = new Api(world.a, await adminToken(stranger.user.id));
      expect((await stranger.get(status)).status).toBe(404);
      expect((await stranger.delete(`${CONNECTORS}/oidc/${person.user.id}`)).status).toBe(404);
      expect((await read(admin)).data).toHaveLength(again.data.length);
      const ended = await person.delete(`${CONNECTORS}/oidc/${person.user.id}`);
      expect(ended).toMatchObject({ status: 200, body: { success: true, data: { status: 'disconnected' } } });
      expect(await read(person.at(world.b))).toMatchObject({ cached: false });
      await world.givenBack();
    });
  });
}
