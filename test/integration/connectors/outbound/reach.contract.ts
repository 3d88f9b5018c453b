import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import type { Lookup } from '../../../../src/connectors/outbound/public-connections.js';
import { failure, JSON_HEADERS, resolving, SECRET, send, type OutboundWorld } from './outbound-world.js';

/** Where requests go, and where nobody can make them go. */
export function describeReach(world: OutboundWorld): void {
  describe('redirects', () => {
    const to = (location: string): void => {
      world.answer = (request, response) =>
        request.url!.startsWith('/end')
          ? send(response, 200, JSON_HEADERS, '{"end":true}')
          : send(response, 302, { location });
    };
    const bare = { headers: {} };

    it('are followed within the origin, by requests that carry nothing', async () => {
      to('/end');
      await expect(world.clientOf().json(world.origin)).resolves.toMatchObject({ body: { end: true } });
    });

    it('are not followed with credentials, nor with a body, nor by libraries', async () => {
      to('/end');
      await expect(failure(world.clientOf(), world.origin)).resolves.toMatchObject({
        message: expect.stringMatching(/not to be redirected/),
      });
      const posted = failure(world.clientOf(), world.origin, { method: 'POST', body: 'code=1', headers: {} });
      await expect(posted).resolves.toMatchObject({ code: 'upstream-failed' });
      await expect(world.clientOf().fetch(world.origin, { method: 'POST', body: 'code=1' })).rejects.toThrow(
        /redirect/,
      );
      await expect(world.clientOf().fetch(world.origin)).rejects.toThrow(/redirect/);
      expect(world.seen.filter(({ url }) => url!.startsWith('/end'))).toEqual([]);
    });

    it('end somewhere', async () => {
      to('/again');
      const error = await failure(world.clientOf(), world.origin, bare);
      expect(error.message).toMatch(/more than 3 times/);
      expect(world.seen).toHaveLength(4);
    });

    it.each([
      'http://169.254.169.254/latest/meta-data/',
      'http://localhost:1/',
      '//[::1]/',
      'file:///etc/passwd',
      'http://',
    ])('do not lead to %s', async (location) => {
      to(location);
      expect((await failure(world.clientOf(), world.origin, bare)).message).toMatch(
        /somebody else|an address that is none/,
      );
    });
  });

  describe('where it goes', () => {
    let inside: ReturnType<typeof createTcpServer>;
    let port: number;
    let reached: number;

    beforeAll(async () => {
      inside = createTcpServer((socket) => {
        reached += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
      ({ port } = inside.address() as AddressInfo);
    });
    beforeEach(() => (reached = 0));
    afterAll(() => new Promise((resolve) => inside.close(resolve)));

    it.each([
      ['127.0.0.1'],
      ['::1'],
      ['::ffff:127.0.0.1'],
      ['0.0.0.0'],
      ['169.254.169.254'],
      ['10.0.0.8'],
      ['100.64.0.1'],
      ['fd00::1'],
      ['1.1.1.1', '127.0.0.1'],
    ])('not to a name that resolves to %s %s', async (...addresses) => {
      const { lookup, asked } = resolving(...addresses);
      const error = await failure(world.clientOf([], lookup), `https://api.chirp.test:${port}/me`);
      expect(error).toMatchObject({
        code: 'upstream-failed',
        message: expect.stringMatching(/not at a public address.*CONNECTOR_TRUSTED_HOSTS/),
      });
      // Looked up once, for the connection itself: there is no second answer that could differ.
      expect(asked).toEqual(['api.chirp.test']);
      expect(reached).toBe(0);
    });

    it.each([
      '127.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0x7f.1',
      '2130706433',
      '0.0.0.0',
      '[::]',
      '169.254.169.254',
    ])('not to %s', async (address) => {
      const error = await failure(world.clientOf([]), `https://${address}:${port}/`);
      expect(error.message).toMatch(/not at a public address/);
      expect(reached).toBe(0);
    });

    it('not over plain http, nor to other ports of a trusted host', async () => {
      const { lookup } = resolving('127.0.0.1');
      const client = world.clientOf([`127.0.0.1:${port + 1}`, 'id.internal:9'], lookup);
      for (const url of [`http://127.0.0.1:${port}/`, `http://id.internal:${port}/`, 'ftp://id.internal:9/'])
        expect((await failure(client, url)).message).toMatch(/over https only/);
      expect(reached).toBe(0);
    });

    it('not with credentials in the address, nor to what is no address', async () => {
      const client = world.clientOf();
      await expect(client.json(`http://user:${SECRET}@${world.host}/`)).rejects.toThrow(
        /^127\.0\.0\.1 has an address with credentials in it\.$/,
      );
      await expect(client.json(SECRET)).rejects.toThrow(/^The service has an address that is none\.$/);
      expect(world.seen).toEqual([]);
    });

    it('to a trusted host wherever it is', async () => {
      const { lookup } = resolving('127.0.0.1');
      const client = world.clientOf([`id.internal:${world.host.split(':')[1]}`], lookup);
      await expect(client.json(`http://id.internal:${world.host.split(':')[1]}/`)).resolves.toMatchObject({
        status: 200,
      });
      expect(client.trusts(new URL(`http://id.internal:${world.host.split(':')[1]}`))).toBe(true);
      expect(client.trusts(new URL('https://id.internal'))).toBe(false);
    });

    it('with a connection that does not come about, no longer than the deadline', async () => {
      const silent: Lookup = () => undefined;
      const error = await failure(world.clientOf([], silent), 'https://api.chirp.test/', { timeoutMs: 150 });
      expect(error.code).toBe('upstream-timeout');
    });

    it('can be reached by others, so that not reaching it means something', async () => {
      await new Promise<void>((resolve) =>
        connectTcp(port, '127.0.0.1')
          .on('close', () => resolve())
          .resume(),
      );
      expect(reached).toBe(1);
    });
  });
}
