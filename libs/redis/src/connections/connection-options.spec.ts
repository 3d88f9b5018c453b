import { addressOf, createClient } from './connection-options.js';

describe('createClient', () => {
  it('makes none when no Redis is named', () => {
    expect(createClient({ port: 6379, password: 'x' }, 'commands')).toBeUndefined();
  });

  it('uses TLS for a rediss:// URL and for REDIS_TLS, and not otherwise', () => {
    expect(
      createClient({ url: 'rediss://user:pass@eu.example:6380/2' }, 'commands')?.options.tls,
    ).toBeTruthy();
    expect(createClient({ host: 'eu.example', tls: true }, 'commands')?.options.tls).toEqual({});
    expect(createClient({ url: 'redis://eu.example' }, 'commands')?.options.tls).toBeUndefined();
  });

  it('prefers the URL to single fields and shows the address without credentials', () => {
    const client = createClient({ url: 'redis://user:pass@eu.example:6380/2', host: 'other' }, 'commands');
    expect(client && addressOf(client)).toBe('eu.example:6380/2');
  });

  it('does not queue commands, and comes back with a capped, jittered delay', () => {
    const options = createClient({ host: 'eu.example', maxBackoffMs: 1_000 }, 'commands')?.options;
    expect(options).toMatchObject({
      enableOfflineQueue: false,
      lazyConnect: true,
      autoResendUnfulfilledCommands: false,
    });
    for (const attempt of [1, 5, 50, 5_000]) {
      const delay = options?.retryStrategy?.(attempt) as number;
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThanOrEqual(1_000);
    }
  });

  it('reconnects when the server has become a replica', () => {
    const reconnect = createClient({ host: 'eu.example' }, 'commands')?.options.reconnectOnError;
    expect(reconnect?.(new Error("READONLY You can't write against a read only replica."))).toBe(true);
    expect(reconnect?.(new Error('WRONGTYPE'))).toBe(false);
  });
});
