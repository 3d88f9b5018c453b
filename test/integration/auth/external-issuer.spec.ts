import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { eventually } from '../../support/eventually.js';
import { startApi, type ApiHarness } from './api-harness.js';

const seconds = (): number => Math.floor(Date.now() / 1000);
const ISSUER = 'https://login.example.test/';

describe('tokens of an external issuer', () => {
  let keys: Server;
  let api: ApiHarness;
  let privateKey: CryptoKey;
  let published: JWK[] = [];
  let failing = false;

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256');
    privateKey = pair.privateKey;
    published = [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }];
    keys = createServer((_request, response) => {
      response.writeHead(failing ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
    api = await start();
  });
  afterAll(async () => {
    await api.close();
    await new Promise((resolve) => keys.close(resolve));
  });

  const start = () =>
    startApi({
      settings: {
        AUTH_JWKS_URL: `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks.json`,
        AUTH_JWKS_ISSUER: ISSUER,
        AUTH_JWKS_AUDIENCE: 'rapport',
      },
    });
  const sign = (claims: JWTPayload, header: { kid?: string; alg?: string } = {}, key = privateKey) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .setIssuer(claims.iss ?? ISSUER)
      .setAudience(claims.aud ?? 'rapport')
      .setExpirationTime('1m')
      .sign(key);
  const me = (token: string) =>
    api.call<{
      id: string;
      username: string;
      displayName: string;
      email: string | null;
      role: string;
      code: string;
    }>('GET', '/users/me', { token });

  it('register a person at first sight, once, however many requests come first', async () => {
    const token = await sign({
      sub: 'alice-1',
      preferred_username: 'Alice',
      name: 'Alice Liddell',
      email: 'alice@example.org',
      email_verified: true,
      role: 'admin',
    });
    const answers = await Promise.all(Array.from({ length: 8 }, () => me(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({
      username: 'Alice',
      displayName: 'Alice Liddell',
      email: 'alice@example.org',
      role: 'user', // roles are given here
    });
    const again = await me(await sign({ sub: 'alice-1' }));
    expect(again.body.id).toBe(answers[0]?.body.id);
  });

  it('follow the deletion of an account, open nothing else, and bring nobody back who has left', async () => {
    const person = { sub: 'leaver-1', preferred_username: 'Leaver', name: 'Lea Ver' };
    const token = await sign({ ...person, iat: seconds() });
    const first = await me(token);
    const left = await api.call<{ jobId: string }>('DELETE', '/users/me', { token });
    expect(left.status).toBe(202);
    const job = () => api.call<{ status: string }>('GET', `/jobs/${left.body.jobId}`, { token: token });
    await eventually('the end of the job', async () => {
      const { status, body } = await job();
      expect(status).toBe(200);
      return body.status === 'succeeded' || undefined;
    });
    expect((await me(token)).status).toBe(401);
    expect((await me(await sign(person))).status).toBe(401);
    const stored = await api.database.manager.query('SELECT * FROM closed_identities');
    expect(JSON.stringify(stored)).not.toMatch(/leaver/i);
    const people = await api.database.manager.query(`SELECT 1 FROM users WHERE display_name = 'Lea Ver'`);
    expect(people).toEqual([]);
    // Who signs in again is somebody new.
    const anew = await me(await sign({ ...person, iat: seconds() + 10 }));
    expect(anew).toMatchObject({ status: 200, body: { username: 'Leaver' } });
    expect(anew.body.id).not.toBe(first.body.id);
  });

  it('need neither an email address nor a name', async () => {
    const { status, body } = await me(await sign({ sub: 'nameless' }));
    expect(status).toBe(200);
    expect(body.email).toBeNull();
    expect(body.username).toMatch(/^user-[0-9a-f]{12}$/);
  });

  it('never open an account that exists here: a taken address or name makes a new person without it', async () => {
    const bob = await api.register('bob');
    const { status, body } = await me(
      await sign({ sub: 'b', preferred_username: 'bob', email: 'bob@example.org', email_verified: true }),
    );
    expect(status).toBe(200);
    expect(body.id).not.toBe(bob.id);
    expect(body.email).toBeNull();
    expect(body.username).not.toBe('bob');
  });

  it('give no address that the issuer has not verified', async () => {
    const { body } = await me(await sign({ sub: 'c', email: 'carol@example.org' }));
    expect(body.email).toBeNull();
    await api.register('carol');
  });

  it('are refused for another audience, another key, an unknown key or no subject', async () => {
    const stranger = await generateKeyPair('ES256');
    const tokens = await Promise.all([
      sign({ sub: 'd', aud: 'another' }),
      sign({ sub: 'd' }, {}, stranger.privateKey),
      sign({ sub: 'd' }, { kid: 'k2' }),
      sign({}),
      sign({ sub: 'd', iss: 'https://evil.example.test/' }),
    ]);
    for (const token of tokens) expect((await me(token)).status).toBe(401);
  });

  it('are refused when a public key was used as a shared secret', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(published[0]));
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setIssuer(ISSUER)
      .setAudience('rapport')
      .setSubject('alice-1')
      .setExpirationTime('1m')
      .sign(secret);
    expect((await me(token)).status).toBe(401);
  });

  it('wait for the keys: 503, not 401, while the issuer does not serve them; own tokens go on', async () => {
    const fresh = await start();
    failing = true;
    try {
      const answer = await fresh.call<{ code: string }>('GET', '/users/me', {
        token: await sign({ sub: 'alice-1' }),
      });
      expect(answer.status).toBe(503);
      expect(answer.body.code).toBe('unavailable');
      const { accessToken } = await fresh.register('erin');
      expect((await fresh.call('GET', '/users/me', { token: accessToken })).status).toBe(200);
    } finally {
      failing = false;
      await fresh.close();
    }
  });
});
