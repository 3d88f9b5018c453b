import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { isPublicAddress } from './public-address.js';

export type Lookup = LookupFunction;

const CONNECT_MS = 5_000;
/** Connections to one host at once; more requests wait for one, within their deadline. */
const PER_HOST = 8;
const MAX_HEADER_BYTES = 32_768;
const SAME = {
  connections: PER_HOST,
  maxHeaderSize: MAX_HEADER_BYTES,
  keepAliveTimeout: 10_000,
  // The deadline of a request ends it; these must not come before.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/** Connections for hosts that the operator trusts, wherever they are. */
export const trustedConnections = (lookup: Lookup = dnsLookup): Agent =>
  new Agent({ ...SAME, connect: { timeout: CONNECT_MS, lookup } });

/**
 * Connections to public addresses only. The address is looked at where the connection is made, not before: a name that
 * resolves to something else the second time gains nothing.
 */
export function publicConnections(lookup: Lookup = dnsLookup): Agent {
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: onlyPublic(lookup) });
  return new Agent({
    ...SAME,
    connect: (options, callback) => {
      const host = options.hostname.replace(/^\[|\]$/g, '');
      // An address in place of a name is never looked up.
      if (isIP(host) !== 0 && !isPublicAddress(host)) callback(notPublic(), null);
      else connect(options, callback);
    },
  });
}

/** All addresses of a name must be public: which of them is taken is not ours to say. */
const onlyPublic =
  (lookup: Lookup): Lookup =>
  (host, options, callback) => {
    lookup(host, options, (error, address, family) => {
      if (error) return callback(error, address, family);
      const addresses: LookupAddress[] = Array.isArray(address)
        ? address
        : [{ address, family: family ?? isIP(address) }];
      const isPublic = addresses.length > 0 && addresses.every((one) => isPublicAddress(one.address));
      callback(isPublic ? null : notPublic(), address, family);
    });
  };

const notPublic = (): NodeJS.ErrnoException =>
  Object.assign(new Error('The address is not public.'), { code: 'ERR_NOT_PUBLIC' });
