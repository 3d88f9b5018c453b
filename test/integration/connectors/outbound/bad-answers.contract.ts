import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { failure, JSON_HEADERS, send, type OutboundWorld } from './outbound-world.js';

/** What comes of answers that are none, and of none at all. */
export function describeBadAnswers(world: OutboundWorld): void {
  describe('bad answers', () => {
    it.each<[what: string, answered: (response: ServerResponse) => void, message: RegExp]>([
      [
        'a web page',
        (response) => send(response, 200, { 'content-type': 'text/html; charset=utf-8' }, '<p>'),
        /a web page/,
      ],
      ['another type', (response) => send(response, 200, { 'content-type': 'image/png' }, 'x'), /not JSON/],
      ['no type', (response) => send(response, 200, {}, '{}'), /not JSON/],
      ['broken JSON', (response) => send(response, 200, JSON_HEADERS, '{"a":'), /JSON that is none/],
      [
        'too much',
        (response) => send(response, 200, JSON_HEADERS, `"${'x'.repeat(70_000)}"`),
        /more than 65536 bytes/,
      ],
      [
        'too much, in pieces without an end',
        (response) => {
          response.writeHead(200, JSON_HEADERS);
          const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
          response.on('close', () => clearInterval(timer));
        },
        /more than 65536 bytes/,
      ],
      [
        'a bomb',
        (response) => {
          response.writeHead(200, { ...JSON_HEADERS, 'content-encoding': 'gzip' });
          response.end(gzipSync(Buffer.alloc(50_000_000)));
        },
        /more than 65536 bytes/,
      ],
      [
        'a damaged compression',
        (response) => send(response, 200, { ...JSON_HEADERS, 'content-encoding': 'gzip' }, 'no gzip'),
        /damaged compression/,
      ],
      [
        'an unknown compression',
        (response) => send(response, 200, { ...JSON_HEADERS, 'content-encoding': 'zoo' }, '{}'),
        /compression/,
      ],
      [
        'large headers',
        (response) => send(response, 200, { ...JSON_HEADERS, 'x-much': 'y'.repeat(40_000) }, '{}'),
        /headers/,
      ],
      [
        'an end in the middle',
        (response) =>
          void response
            .writeHead(200, { ...JSON_HEADERS, 'content-length': '50' })
            .write('{', () => response.destroy()),
        /broke the connection off/,
      ],
      ['a connection that closes', (response) => void response.destroy(), /broke the connection off/],
    ])('%s: fails, and says so', async (_what, answered, message) => {
      world.answer = (_request, response) => answered(response);
      const error = await failure(world.clientOf(), world.origin, { maxBytes: 65_536 });
      expect(error).toMatchObject({
        code: 'upstream-failed',
        status: 502,
        message: expect.stringMatching(message),
      });
    });

    it.each<[what: string, answered: (response: ServerResponse) => void]>([
      ['nothing at all', () => undefined],
      ['headers without an end', (response) => response.writeHead(200, JSON_HEADERS).flushHeaders()],
      [
        'a byte now and then',
        (response) => {
          response.writeHead(200, JSON_HEADERS);
          const timer = setInterval(() => response.write(' '), 20);
          response.on('close', () => clearInterval(timer));
        },
      ],
    ])('%s: fails at the deadline', async (_what, answered) => {
      world.answer = (_request, response) => answered(response);
      const started = performance.now();
      const error = await failure(world.clientOf(), world.origin, { timeoutMs: 150 });
      expect(error).toMatchObject({ code: 'upstream-timeout', status: 504 });
      expect(performance.now() - started).toBeLessThan(2_000);
    });

    it('waits for a free connection no longer than for anything else', async () => {
      world.answer = () => undefined;
      const client = world.clientOf();
      const errors = await Promise.all(
        Array.from({ length: 12 }, () => failure(client, world.origin, { timeoutMs: 150 })),
      );
      expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['upstream-timeout']));
      world.answer = (_request, response) => send(response, 200, JSON_HEADERS, '{}');
      await expect(client.json(world.origin)).resolves.toMatchObject({ status: 200 });
    });

    it('ends when the caller does, with the reason of the caller', async () => {
      const stop = new AbortController();
      const why = new Error('cancelled');
      world.answer = () => stop.abort(why);
      const started = performance.now();
      await expect(world.clientOf().json(world.origin, { signal: stop.signal })).rejects.toBe(why);
      await expect(world.clientOf().json(world.origin, { signal: stop.signal })).rejects.toBe(why);
      expect(world.seen).toHaveLength(1);
      expect(performance.now() - started).toBeLessThan(2_000);
    });

    it('says that nobody is there', async () => {
      const gone = createTcpServer();
      await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
      const { port } = gone.address() as AddressInfo;
      await new Promise((resolve) => gone.close(resolve));
      const error = await failure(world.clientOf([`127.0.0.1:${port}`]), `http://127.0.0.1:${port}/`);
      expect(error.message).toMatch(/refused the connection/);
    });
  });
}
