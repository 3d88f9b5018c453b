import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SETTINGS } from '../../../src/config/app-config.js';
import { loadSettings } from '../../../src/config/load-settings.js';
import { AccountsRepository } from '../../../src/connectors/connections/accounts.repository.js';
import { AuthorizationsRepository } from '../../../src/connectors/grants/authorizations.repository.js';
import { rotateTokens } from '../../../src/connectors/grants/token-rotation.command.js';
import { Api, expectStatus, type Person } from '../../support/api-client.js';
import type { Fault } from '../../support/authorization-server.js';
import { eventually } from '../../support/eventually.js';
import { LiveSocket, type LiveEvent } from '../../support/socket-client.js';
import { adminToken } from '../../support/tokens.js';
import { GrantsWorld, NEXT_KEY, RETURN_URL, TOKEN_KEY, type Shown } from './grants-world.js';

const CONNECTORS = '/api/connectors';
const codeOf = (text: string): string => (JSON.parse(text) as { code: string }).code;
const onward = (response: Response): Record<string, string> =>
  Object.fromEntries(new URL(response.headers.get('location') ?? '').searchParams);

let world: GrantsWorld;
beforeAll(async () => {
  world = await GrantsWorld.start();
}, 120_000);
afterAll(() => world?.stop());

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
    await eventually('the first account’s grant to be given back', async () =>
      (await world.server.tallies()).revoked > revoked ? true : undefined,
    );
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
  });
});

describe('ending a connection', () => {
  it('is true at once everywhere, leaves no token, and gives the grant back', async () => {
    const person = await world.person();
    await world.connect(person);
    const { revoked } = await world.server.tallies();
    expect(await world.statusOn(person)).toEqual(['connected', 'connected']);
    expectStatus(204, await person.delete(`${CONNECTORS}/oidc`));
    expect(await world.statusOn(person)).toEqual(['disconnected', 'disconnected']);
    await expect(world.tokens().get(person.user.id, 'oidc')).rejects.toMatchObject({ code: 'not-connected' });
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
    await eventually('the platform to have ended what there was', async () => {
      const { rowCount } = await world.sql.query('SELECT 1 FROM connector_revocations');
      return rowCount === 0 ? true : undefined;
    });
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
    await eventually('the grant of the second to wait', async () => (await job()) === 'waiting' || undefined);
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
    await expect(world.tokens(1).get(person.user.id, 'oidc')).rejects.toMatchObject({ code: 'needs-reauth' });
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
