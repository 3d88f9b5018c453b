import { ValidateBy, type ValidationOptions } from 'class-validator';
import type { RedisEndpoint } from '@rapport/redis';

/** A host name or IPv4 address, or an IPv6 address in brackets, and a port. */
const ENDPOINT = /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?<host>[\w.-]+)):(?<port>\d{1,5})$/i;

/** The parts of `host:port`. */
export function endpointOf(text: string): RedisEndpoint {
  const { ipv6, host, port } = ENDPOINT.exec(text)?.groups ?? {};
  return { host: ipv6 ?? host ?? '', port: Number(port) };
}

const isEndpoint = (text: unknown): boolean => {
  const { host, port } = endpointOf(String(text));
  return host !== '' && port >= 1 && port <= 65_535;
};

export const IsEndpoint = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    { name: 'isEndpoint', validator: { validate: isEndpoint } },
    { message: 'must be host:port for each, without redis:// (an IPv6 address in brackets)', ...options },
  );
