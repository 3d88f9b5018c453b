import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The names that TRUST_PROXY has for ranges, as Express and Fastify have them. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Who sent a request that came without Fastify, such as a socket's handshake: the nearest address of `X-Forwarded-For`
 * that is not a trusted proxy, read from the server's end, for everything before that may be invented.
 * @param trusted as the setting TRUST_PROXY
 */
export function forwardedAddress(trusted: readonly string[]): (request: IncomingMessage) => string {
  const trusts = trustOf(trusted);
  return ({ socket, headers }) => {
    let address = plain(socket.remoteAddress ?? '');
    const hops = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (hops.length > 0 && trusts(address)) {
      const hop = plain(hops.pop()?.trim() ?? '');
      if (isIP(hop) === 0) return address;
      address = hop;
    }
    return address;
  };
}

function trustOf(trusted: readonly string[]): (address: string) => boolean {
  const [first] = trusted;
  if (first === undefined || first === 'false') return () => false;
  if (first === 'true' || first === '*') return () => true;
  const list = new BlockList();
  for (const range of trusted.flatMap((name) => NAMED[name] ?? [name])) {
    const [net = '', bits] = range.split('/');
    const family = isIP(net) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(net, family);
    else list.addSubnet(net, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** An IPv4 address as a dual-stack server sees it is the same address. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');
