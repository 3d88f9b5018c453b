const HOST = /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i;

/** Whether a text is `host` or `host:port`, an IPv6 address in brackets. */
export const isTrustedHost = (text: unknown): boolean => {
  const { port } = HOST.exec(String(text))?.groups ?? {};
  return HOST.test(String(text)) && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535));
};

/** Hosts that may have private addresses and no TLS, each with a port or with any. */
export class TrustedHosts {
  private readonly hosts: ReadonlySet<string>;

  constructor(hosts: readonly string[]) {
    this.hosts = new Set(hosts.map((host) => host.toLowerCase()));
  }

  has({ protocol, hostname, port }: URL): boolean {
    const effective = port === '' ? (protocol === 'http:' ? '80' : '443') : port;
    return this.hosts.has(hostname) || this.hosts.has(`${hostname}:${effective}`);
  }
}
