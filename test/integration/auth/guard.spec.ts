import { Controller, Get } from '@nestjs/common';
import { generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { AdminOnly, CurrentActor, Public } from '../../../src/platform/actor/actor.decorators.js';
import { SECRET, startApi, type ApiHarness } from './api-harness.js';

@Controller('probe')
class ProbeController {
  @Get()
  closed(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Get('open')
  @Public()
  open(): string[] {
    return ['open'];
  }

  @Get('admin')
  @AdminOnly()
  admin(): string[] {
    return ['admin'];
  }
}

describe('the guard', () => {
  let api: ApiHarness;
  let user: { id: string; accessToken: string };
  const key = new TextEncoder().encode(SECRET);
  const now = () => Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    api = await startApi({ controllers: [ProbeController] });
    user = await api.register('ann');
  });
  afterAll(() => api.close());

  const claims = (): JWTPayload => ({
    role: 'user',
    iss: 'rapport',
    aud: 'rapport-api',
    sub: user.id,
    jti: 'j',
    iat: now(),
    exp: now() + 60,
  });
  const sign = (payload: JWTPayload, header: { alg?: string; typ?: string } = {}, signer: Uint8Array = key) =>
    new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header }).sign(signer);
  const without = (claim: string): JWTPayload => ({ ...claims(), [claim]: undefined });
  const probe = (token?: string) => api.call<{ code: string }>('GET', '/probe', { token });

  it('is closed where nothing says @Public()', async () => {
    const { status, body, headers } = await probe();
    expect(status).toBe(401);
    expect(body.code).toBe('unauthenticated');
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect((await api.call('GET', '/probe/open')).status).toBe(200);
  });

  it('gives handlers the actor of the token', async () => {
    const { status, body } = await probe(user.accessToken);
    expect(status).toBe(200);
    expect(body).toEqual({ id: user.id, role: 'user' });
  });

  it('accepts the tokens these tests sign, so that what it refuses below is refused for its fault', async () => {
    expect((await probe(await sign(claims()))).status).toBe(200);
    expect((await probe(await sign({ ...claims(), exp: now() - 2 }))).status).toBe(200); // clock tolerance
  });

  it.each<[string, () => Promise<string> | string]>([
    ['an expired token', () => sign({ ...claims(), iat: now() - 100, exp: now() - 10 })],
    ['a token without an end', () => sign(without('exp'))],
    ['a token that is not valid yet', () => sign({ ...claims(), nbf: now() + 60 })],
    ['another issuer', () => sign({ ...claims(), iss: 'someone-else' })],
    ['no issuer', () => sign(without('iss'))],
    ['another audience', () => sign({ ...claims(), aud: 'another-api' })],
    ['no subject', () => sign(without('sub'))],
    ['a subject that is no id', () => sign({ ...claims(), sub: 'ann' })],
    ['no jti', () => sign(without('jti'))],
    ['no iat', () => sign(without('iat'))],
    ['a role that does not exist', () => sign({ ...claims(), role: 'root' })],
    ['another kind of JWT', () => sign(claims(), { typ: 'JWT' })],
    ['another secret', () => sign(claims(), {}, new TextEncoder().encode('x'.repeat(44)))],
    ['a stronger algorithm with the same secret', () => sign(claims(), { alg: 'HS512' })],
    ['no signature (alg none)', () => new UnsecuredJWT(claims()).encode()],
    ['text that is no token', () => 'abc.def'],
    [
      'a stranger’s key pair',
      async () => {
        const { privateKey } = await generateKeyPair('EdDSA');
        return new SignJWT(claims()).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' }).sign(privateKey);
      },
    ],
    [
      'a token whose payload was changed',
      async () => {
        const [header, , signature] = (await sign(claims())).split('.');
        const forged = Buffer.from(JSON.stringify({ ...claims(), role: 'admin' })).toString('base64url');
        return `${header}.${forged}.${signature}`;
      },
    ],
  ])('refuses %s', async (_what, make) => {
    const { status, body, headers } = await probe(await make());
    expect(status).toBe(401);
    expect(body.code).toBe('unauthenticated');
    expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'Token abc'])(
    'takes %j for no credentials',
    async (authorization) => {
      const { status, headers } = await api.call('GET', '/probe', { headers: { authorization } });
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
    },
  );

  it('lets only administrators through @AdminOnly()', async () => {
    const refused = await api.call<{ code: string }>('GET', '/probe/admin', { token: user.accessToken });
    expect(refused.status).toBe(403);
    expect(refused.body.code).toBe('forbidden');
    expect((await api.call('GET', '/probe/admin')).status).toBe(401);
    const token = await sign({ ...claims(), role: 'admin' });
    expect((await api.call('GET', '/probe/admin', { token })).status).toBe(200);
  });
});

describe('EdDSA', () => {
  it('signs with the configured key, and a shared secret signs nothing', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
    const pem = `-----BEGIN PRIVATE KEY-----\\n${pkcs8}\\n-----END PRIVATE KEY-----`;
    const api = await startApi({
      settings: { AUTH_ALGORITHM: 'EdDSA', AUTH_PRIVATE_KEY: pem },
      controllers: [ProbeController],
    });
    try {
      const { id, accessToken } = await api.register('ann');
      expect(JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())).toEqual({
        alg: 'EdDSA',
        typ: 'at+jwt',
      });
      expect((await api.call('GET', '/probe', { token: accessToken })).body).toEqual({ id, role: 'user' });
      const forged = await new SignJWT({ role: 'admin' })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
        .setIssuer('rapport')
        .setAudience('rapport-api')
        .setSubject(id)
        .setJti('j')
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(new TextEncoder().encode(SECRET));
      expect((await api.call('GET', '/probe', { token: forged })).status).toBe(401);
    } finally {
      await api.close();
    }
  });
});
