import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { TokenKeys } from './token-keys.js';
import { TokenSettings } from './tokens.settings.js';

const keysFrom = (privateKey: string): Promise<TokenKeys> =>
  TokenKeys.from(Object.assign(new TokenSettings(), { algorithm: 'EdDSA', privateKey }));

describe('the EdDSA key', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it.each([
    ['PEM', pem],
    ['PEM on one line', pem.replaceAll('\n', '\\n')],
    ['a JWK', JSON.stringify(privateKey.export({ format: 'jwk' }))],
  ])('is taken as %s, and verifies what it signs', async (_form, text) => {
    const keys = await keysFrom(text);
    const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: 'EdDSA' }).sign(keys.signing);
    const { payload } = await jwtVerify(token, keys.verifying, { algorithms: ['EdDSA'] });
    expect(payload).toEqual({ a: 1 });
    expect(keys.verifying.type).toBe('public');
  });

  it.each([
    ['text that is no key', 'hello'],
    ['broken JSON', '{'],
    [
      'another kind of key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    ],
  ])('stops the start when it is %s, with the command that makes a right one', async (_what, text) => {
    await expect(keysFrom(text)).rejects.toMatchObject({
      name: 'StartupError',
      message: 'AUTH_PRIVATE_KEY is not an Ed25519 private key.',
      fix: expect.stringContaining('openssl genpkey -algorithm ed25519'),
    });
  });
});
