import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { RedisConnections, type RedisConnectionOptions } from '@rapport/redis';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { selfSigned } from '../../support/self-signed.js';
import { freePort } from '../../support/server-process.js';

describe('RedisConnections over TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-redis-tls-'));
  const { key, cert } = selfSigned();
  let server: RedisServer;
  let port: number;
  const opened: RedisConnections[] = [];

  beforeAll(async () => {
    writeFileSync(join(directory, 'key.pem'), key);
    writeFileSync(join(directory, 'cert.pem'), cert);
    port = await freePort();
    const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [
      string,
      string,
    ];
    const files = ['--tls-key-file', keyFile, '--tls-cert-file', certFile, '--tls-ca-cert-file', certFile];
    server = await startRedis({
      password: 'pass',
      args: ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files],
    });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    for (const level of ['log', 'warn'] as const) jest.spyOn(Logger.prototype, level).mockImplementation();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    for (const redis of opened.splice(0)) redis.close();
  });

  const open = async (options: RedisConnectionOptions): Promise<RedisConnections> => {
    const redis = new RedisConnections(options);
    opened.push(redis);
    await redis.start(5_000);
    return redis;
  };

  it('is ready by a rediss:// URL, or by host, port and TLS', async () => {
    for (const options of [
      { url: `rediss://:pass@127.0.0.1:${port}`, tls: { ca: cert } },
      { host: '127.0.0.1', port, password: 'pass', tls: { ca: cert } },
    ]) {
      const redis = await open(options);
      expect(redis.status()).toBe('ready');
      expect(await redis.commands?.set('key', 'value')).toBe('OK');
    }
  });

  it('does not talk to a server whose certificate nobody vouches for', async () => {
    const redis = await open({ url: `rediss://:pass@127.0.0.1:${port}` });
    expect(redis.status()).toBe('connecting');
    expect(redis.health().reason?.message).toMatch(/self-signed certificate/);
  });
});
