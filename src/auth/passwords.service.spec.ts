import * as argon2 from '@node-rs/argon2';
import { PasswordsService } from './passwords.service.js';
import { PasswordSettings } from './passwords.settings.js';

jest.mock('@node-rs/argon2', () => {
  const real = jest.requireActual<typeof import('@node-rs/argon2')>('@node-rs/argon2');
  return { ...real, verify: jest.fn(real.verify), hash: jest.fn(real.hash) };
});

const cheap = Object.assign(new PasswordSettings(), { argon2MemoryKib: 64, argon2Passes: 1 });

describe('passwords', () => {
  const passwords = new PasswordsService(cheap);

  it('are kept as Argon2id with the configured cost', async () => {
    expect(await passwords.hash('correct horse')).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
  });

  it('match only themselves, in any Unicode form', async () => {
    const hash = await passwords.hash('pässword');
    await expect(passwords.verify(hash, 'pa\u0308ssword')).resolves.toBe(true);
    await expect(passwords.verify(hash, 'password')).resolves.toBe(false);
  });

  it('of an unknown account cost the same verification, against a hash of the same cost, and never match', async () => {
    const verify = jest.mocked(argon2.verify);
    verify.mockClear();
    await expect(passwords.verify(null, 'anything')).resolves.toBe(false);
    expect(verify).toHaveBeenCalledTimes(1);
    const [dummy] = verify.mock.calls[0] ?? [];
    expect(dummy).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);

    verify.mockResolvedValueOnce(true);
    await expect(passwords.verify(undefined, 'anything')).resolves.toBe(false);
  });

  it('hashed with other costs are known to be outdated', async () => {
    const hash = await passwords.hash('correct horse');
    expect(passwords.isOutdated(hash)).toBe(false);
    expect(new PasswordsService(new PasswordSettings()).isOutdated(hash)).toBe(true);
  });
});
