import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { importJWK, importPKCS8, type CryptoKey } from 'jose';
import { StartupError } from '../platform/errors/startup-error.js';
import type { TokenSettings } from './tokens.settings.js';

/** The keys of our own tokens, imported once. */
export class TokenKeys {
  private constructor(
    readonly algorithm: 'HS256' | 'EdDSA',
    readonly signing: CryptoKey,
    readonly verifying: CryptoKey,
  ) {}

  static async from(settings: TokenSettings): Promise<TokenKeys> {
    return settings.algorithm === 'HS256'
      ? TokenKeys.shared(settings.secret ?? '')
      : TokenKeys.pair(settings.privateKey ?? '');
  }

  private static async shared(secret: string): Promise<TokenKeys> {
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', Buffer.from(secret), hmac, false, ['sign', 'verify']);
    return new TokenKeys('HS256', key, key);
  }

  private static async pair(text: string): Promise<TokenKeys> {
    const privateKey = ed25519(text);
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' });
    const verifying = (await importJWK({ ...publicJwk, alg: 'EdDSA' })) as CryptoKey;
    return new TokenKeys('EdDSA', await importPKCS8(pem, 'EdDSA'), verifying);
  }
}

function ed25519(text: string): KeyObject {
  try {
    const key = text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' })
      : createPrivateKey(text.replaceAll('\\n', '\n'));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw unusable(error);
  }
  throw unusable();
}

const unusable = (cause?: unknown): StartupError =>
  new StartupError(
    'AUTH_PRIVATE_KEY is not an Ed25519 private key.',
    'Make one with: openssl genpkey -algorithm ed25519 (or set AUTH_ALGORITHM=HS256).',
    { cause },
  );
