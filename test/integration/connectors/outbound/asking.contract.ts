import { gzipSync } from 'node:zlib';
import type { OutboundClient } from '../../../../src/connectors/outbound/outbound-client.js';
import { isUnsent } from '../../../../src/connectors/outbound/outbound.errors.js';
import { eventually } from '../../../support/eventually.js';
import { JSON_HEADERS, resolving, send, type OutboundWorld } from './outbound-world.js';

/** What is asked, what is answered, and what is known of a request that failed. */
export function describeAsking(world: OutboundWorld): void {
  describe('what it asks', () => {
    it('reads JSON, and says who asks', async () => {
      const { status, body, headers } = await world.clientOf().json(`${world.origin}/me?x=1`, {
        headers: { Authorization: 'Bearer t' },
      });
      expect([status, body, headers.get('content-type')]).toEqual([200, { ok: true }, 'application/json']);
      expect(world.seen[0]!.url).toBe('/me?x=1');
      expect(world.seen[0]!.headers).toMatchObject({
        authorization: 'Bearer t',
        accept: 'application/json',
        'user-agent': expect.stringMatching(/^server:rapport:/),
      });
    });

    it('reads what is compressed, of JSON types with a suffix, and empty', async () => {
      const client = world.clientOf();
      world.answer = (_request, response) => {
        response.writeHead(200, {
          'content-type': 'application/hal+json; charset=utf-8',
          'content-encoding': 'gzip',
        });
        response.end(gzipSync('{"zipped":1}'));
      };
      await expect(client.json(world.origin)).resolves.toMatchObject({ body: { zipped: 1 } });
      world.answer = (_request, response) => send(response, 204, {});
      await expect(client.json(world.origin)).resolves.toMatchObject({ status: 204, body: undefined });
    });

    it('answers errors as they are, whatever comes with them', async () => {
      const client = world.clientOf();
      world.answer = (_request, response) =>
        send(response, 429, { 'retry-after': '7', 'content-type': 'text/plain' }, 'slow');
      const refused = await client.json(world.origin);
      expect([refused.status, refused.body, refused.headers.get('retry-after')]).toEqual([
        429,
        undefined,
        '7',
      ]);
      world.answer = (_request, response) => send(response, 400, JSON_HEADERS, '{"error":"invalid_grant"}');
      await expect(client.json(world.origin)).resolves.toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
      world.answer = (_request, response) => send(response, 500, JSON_HEADERS, '{');
      await expect(client.json(world.origin)).resolves.toMatchObject({ status: 500, body: undefined });
    });

    it('serves libraries as fetch', async () => {
      world.answer = (request, response) => {
        request
          .setEncoding('utf8')
          .once('data', (form: string) => send(response, 200, JSON_HEADERS, JSON.stringify({ form })));
      };
      const body = new URLSearchParams({ grant_type: 'refresh_token' });
      const response = await world.clientOf().fetch(`${world.origin}/token`, {
        method: 'POST',
        body,
        headers: { accept: 'application/json' },
      });
      expect(await response.json()).toEqual({ form: 'grant_type=refresh_token' });
      expect(world.seen[0]!.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
      world.answer = (_request, other) => send(other, 200, { 'content-type': 'text/html' }, '<p>');
      await expect(world.clientOf().fetch(world.origin)).rejects.toThrow(/a web page in place of JSON/);
    });

    it('opens a few connections to a host, and closes them at the end', async () => {
      world.answer = (_request, response) =>
        void setTimeout(() => send(response, 200, JSON_HEADERS, '{}'), 5);
      const client = world.clientOf();
      let most = 0;
      await Promise.all(
        Array.from({ length: 40 }, async () => {
          await client.json(world.origin);
          most = Math.max(most, world.sockets.size);
        }),
      );
      expect(most).toBeLessThanOrEqual(8);
      const closed = Promise.all(
        [...world.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      );
      await client.onApplicationShutdown();
      await closed;
      expect(world.sockets.size).toBe(0);
    });
  });

  describe('whether anything was sent', () => {
    const tried = (client: OutboundClient, url: string, timeoutMs?: number): Promise<unknown> =>
      client.json(url, { timeoutMs }).then(
        () => undefined,
        (reason: unknown) => reason,
      );

    it('is known of what failed before', async () => {
      const { lookup } = resolving('127.0.0.1');
      expect(isUnsent(await tried(world.clientOf([], lookup), 'https://api.chirp.test/'))).toBe(true);
      expect(
        isUnsent(
          await tried(
            world.clientOf([], () => undefined),
            'https://api.chirp.test/',
            100,
          ),
        ),
      ).toBe(true);
      expect(isUnsent(await tried(world.clientOf(['127.0.0.1:1']), 'http://127.0.0.1:1/'))).toBe(true);
      expect(isUnsent(await tried(world.clientOf(), 'http://127.0.0.1:1/'))).toBe(true);
    });

    it('is known of what waited for a connection in vain', async () => {
      world.answer = () => undefined;
      const client = world.clientOf();
      const waiting = Array.from({ length: 8 }, () => tried(client, world.origin, 600));
      await eventually('eight requests', () => Promise.resolve(world.seen.length === 8 || undefined));
      expect(isUnsent(await tried(client, world.origin, 100))).toBe(true);
      for (const error of await Promise.all(waiting)) expect(isUnsent(error)).toBe(false);
    });

    it('counts as sent, whatever happens then', async () => {
      world.answer = (_request, response) => void response.destroy();
      expect(isUnsent(await tried(world.clientOf(), world.origin))).toBe(false);
      world.answer = (_request, response) => send(response, 200, { 'content-type': 'text/html' }, '<p>');
      expect(isUnsent(await tried(world.clientOf(), world.origin))).toBe(false);
    });
  });
}
