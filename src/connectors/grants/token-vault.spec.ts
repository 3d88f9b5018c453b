import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { GrantSettings } from './grants.settings.js';
import { SecretText } from './secret-text.js';
import { TokenVault, type SealContext } from './token-vault.js';

const TOKEN = 'a token of somebody';
const CONTEXT: SealContext = { userId: 'u1', platform: 'spotify', kind: 'access' };
const key = (): string => randomBytes(32).toString('base64');
const vaultOf = (tokenKeys: string): TokenVault =>
  new TokenVault(Object.assign(new GrantSettings(), { tokenKeys }));

describe('sealed tokens', () => {
  const old = `old:${key()}`;
  const vault = vaultOf(old);
  const sealed = vault.seal(new SecretText(TOKEN), CONTEXT);

  it('open for whom they were sealed, also when there is a newer key', () => {
    const newer = vaultOf(`new:${key()},${old}`);
    expect(newer.open(sealed, CONTEXT).reveal()).toBe(TOKEN);
    expect(newer.seal(new SecretText(TOKEN), CONTEXT).startsWith(newer.currentPrefix)).toBe(true);
    expect(sealed).toMatch(/^v1\.old-[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
  });

  it.each<[string, Partial<SealContext>]>([
    ['user', { userId: 'u2' }],
    ['platform', { platform: 'github' }],
    ['kind', { kind: 'refresh' }],
  ])('do not open for another %s', (_what, other) => {
    expect(() => vault.open(sealed, { ...CONTEXT, ...other })).toThrow('does not open for whom');
  });

  it('do not open when a bit of them was changed, or their end is missing', () => {
    const parts = sealed.split('.');
    const content = Buffer.from(parts[3] ?? '', 'base64url');
    for (let at = 0; at < content.length; at++) {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = [...parts.slice(0, 3), changed.toString('base64url')].join('.');
      expect(() => vault.open(text, CONTEXT)).toThrow('does not open for whom');
    }
    for (const text of [
      '',
      parts.slice(0, 2).join('.'),
      `${parts.slice(0, 3).join('.')}.`,
      sealed.slice(0, -8),
      `v2${sealed.slice(2)}`,
    ])
      expect(() => vault.open(text, CONTEXT)).toThrow('does not open for whom');
  });

  it('name the key that is missing as the reason, also where another has its name', () => {
    for (const name of ['other', 'old'])
      expect(() => vaultOf(`${name}:${key()}`).open(sealed, CONTEXT)).toThrow('CONNECTOR_TOKEN_KEYS');
  });

  it('are never the same twice', () => {
    expect(vault.seal(new SecretText(TOKEN), CONTEXT)).not.toBe(sealed);
  });

  it('refuse two keys of one name', () => {
    expect(() => vaultOf(`a:${key()},a:${key()}`)).toThrow('two keys named "a"');
  });
});

it('a token in memory shows itself to nobody who prints it', () => {
  const secret = new SecretText(TOKEN);
  const printed = [JSON.stringify({ secret }), inspect({ secret }, { showHidden: true }), String(secret)];
  expect(printed.join()).not.toContain(TOKEN);
  expect(Object.values(secret)).toEqual([]);
});
