import ipaddr from 'ipaddr.js';

/** Azure's metadata address: in a public range, and yet of the machine's own network. */
const NEVER = new Set(['168.63.129.16']);
/** What is routed on the internet (RFC 4291); some special ranges lie outside without a name of their own. */
const GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is one of the public internet: not of this computer, its network, a provider's inner network or its
 * metadata service. An IPv4 address inside an IPv6 one (mapped, NAT64) counts as itself.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return isPublicIPv4(parsed);
  if (parsed.range() === 'rfc6052') return isPublicIPv4(new ipaddr.IPv4(parsed.toByteArray().slice(12)));
  return parsed.range() === 'unicast' && parsed.match(GLOBAL);
}

const isPublicIPv4 = (address: ipaddr.IPv4): boolean =>
  address.range() === 'unicast' && !NEVER.has(address.toString());
