import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { StartupError } from '../../platform/errors/startup-error.js';
import { GrantSettings } from './grants.settings.js';
import { SecretText } from './secret-text.js';

/** What a sealed text is, and whose: it opens nowhere else. */
export interface SealContext {
  userId: string;
  platform: string;
  kind: 'access' | 'refresh' | 'verifier';
}

/** key: it was sealed with a key that this process has not got. content: it was changed, or belongs to somebody else. */
export class UnreadableSeal extends Error {
  override readonly name = 'UnreadableSeal';

  constructor(readonly reason: 'key' | 'content') {
    super(
      reason === 'key'
        ? 'A sealed token names a key that CONNECTOR_TOKEN_KEYS has not got.'
        : 'A sealed token does not open for whom it is stored.',
    );
  }
}

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals tokens before they are stored: AES-256-GCM, a new random nonce each, as `v1.<key>.<nonce>.<ciphertext and tag>`.
 * The user, the platform and the kind of token are authenticated with it, so one row's seal does not open in another's.
 * The key goes by its name and a fingerprint: another key under the same name is a missing one, not a broken seal.
 */
@Injectable()
export class TokenVault {
  private readonly keys = new Map<string, Buffer>();
  private readonly current: string | undefined;

  /** @throws StartupError when two keys have one name */
  constructor({ tokenKeys }: GrantSettings) {
    const names = new Set<string>();
    for (const { name, key } of keysOf(tokenKeys)) {
      if (names.has(name)) {
        throw new StartupError(
          `CONNECTOR_TOKEN_KEYS has two keys named "${name}".`,
          'Give each key a name of its own, as in new:…,old:….',
        );
      }
      names.add(name);
      const id = `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
      this.keys.set(id, key);
      this.current ??= id;
    }
  }

  /** Whether there is a key at all. */
  get isOpen(): boolean {
    return this.current !== undefined;
  }

  /** How everything begins that the first key has sealed. */
  get currentPrefix(): string {
    return `${VERSION}.${this.current}.`;
  }

  seal(secret: SecretText, context: SealContext): string {
    const key = this.current === undefined ? undefined : this.keys.get(this.current);
    if (!key) throw new Error('CONNECTOR_TOKEN_KEYS is not set, so no token can be stored.');
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(context));
    const sealed = Buffer.concat([
      cipher.update(secret.reveal(), 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return `${this.currentPrefix}${iv.toString('base64url')}.${sealed.toString('base64url')}`;
  }

  sealPair(
    { access, refresh }: { access: SecretText; refresh?: SecretText },
    whose: Omit<SealContext, 'kind'>,
  ): { access: string; refresh: string | null } {
    return {
      access: this.seal(access, { ...whose, kind: 'access' }),
      refresh: refresh ? this.seal(refresh, { ...whose, kind: 'refresh' }) : null,
    };
  }

  /** @throws UnreadableSeal */
  open(sealed: string, context: SealContext): SecretText {
    const [version, id = '', iv = '', content = ''] = sealed.split('.');
    if (version !== VERSION) throw new UnreadableSeal('content');
    const key = this.keys.get(id);
    if (!key) throw new UnreadableSeal('key');
    const bytes = Buffer.from(content, 'base64url');
    try {
      const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
      return new SecretText(text.toString('utf8'));
    } catch {
      throw new UnreadableSeal('content');
    }
  }
}

/** No part holds a bar: ids are UUIDs, and platforms and kinds are words. */
const boundTo = ({ userId, platform, kind }: SealContext): Buffer =>
  Buffer.from(`${userId}|${platform}|${kind}`, 'utf8');

/** A key without a name is the one that was generated in development. */
function keysOf(setting: string | undefined): { name: string; key: Buffer }[] {
  return (setting ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [key = '', name = 'k0'] = entry.split(':').toReversed();
      return { name, key: Buffer.from(key, 'base64') };
    });
}
