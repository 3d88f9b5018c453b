import type { IncomingMessage } from 'node:http';
import { forwardedAddress } from './forwarded-address.js';

const from = (peer: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

it.each<[what: string, trusted: string[], peer: string, forwarded: string | undefined, address: string]>([
  ['nobody is trusted', [], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['false', ['false'], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['a trusted proxy tells', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['a stranger tells', ['10.0.0.0/8'], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['an invented beginning', ['10.0.0.0/8'], '10.1.2.3', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['two proxies', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.1, 10.9.9.9', '198.51.100.1'],
  ['a name', ['loopback'], '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['one address', ['::1'], '::1', '2001:db8::5', '2001:db8::5'],
  ['all are trusted', ['true'], '203.0.113.9', '198.51.100.1, 198.51.100.2', '198.51.100.1'],
  ['a proxy that tells nothing', ['loopback'], '127.0.0.1', undefined, '127.0.0.1'],
  ['a proxy that tells nonsense', ['loopback'], '127.0.0.1', '198.51.100.1, unknown', '127.0.0.1'],
])('%s', (_what, trusted, peer, forwarded, address) => {
  expect(forwardedAddress(trusted)(from(peer, forwarded))).toBe(address);
});
