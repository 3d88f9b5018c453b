import { Injectable } from '@nestjs/common';
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  None,
  type ClientAuth,
  type ServerMetadata,
} from 'openid-client';
import { connectorErrors } from '../connectors.errors.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import type { ConfiguredProvider } from '../registry/provider.js';
import { grantFault } from './grant-faults.js';
import { RefreshTimes } from './refresh-times.js';

const METADATA_MS = 3_600_000;

/** The platforms' authorisation servers: where they are, by declaration or discovery, and as whom they are asked. */
@Injectable()
export class AuthorizationServers {
  private readonly discovered = new Map<string, { metadata: Promise<ServerMetadata>; untilMs: number }>();

  constructor(
    private readonly outbound: OutboundClient,
    private readonly times: RefreshTimes,
  ) {}

  /**
   * How an authorisation server is asked, by the library whose protocol it is.
   * @throws not-configured, upstream-failed, upstream-timeout
   */
  async configuration(
    provider: ConfiguredProvider,
    timeoutMs = this.times.requestMs,
  ): Promise<Configuration> {
    const client = clientOf(provider);
    const metadata = await this.metadata(provider);
    const configuration = new Configuration(metadata, client.id, client.secret, authOf(provider));
    configuration[customFetch] = this.outbound.fetch;
    configuration.timeout = timeoutMs / 1_000;
    // The guard of the requests says the same again, for the address that is asked in the end.
    if (this.outbound.trusts(new URL(metadata.token_endpoint ?? metadata.issuer)))
      allowInsecureRequests(configuration);
    return configuration;
  }

  /** @throws upstream-failed, upstream-timeout */
  metadata(provider: ConfiguredProvider): ServerMetadata | Promise<ServerMetadata> {
    const { issuer, authorizeUrl, tokenUrl, revokeUrl } = provider.grant;
    if (issuer !== undefined) return this.discover(provider, issuer);
    return {
      issuer: new URL(authorizeUrl ?? '').origin,
      authorization_endpoint: authorizeUrl,
      token_endpoint: tokenUrl,
      revocation_endpoint: revokeUrl,
    };
  }

  private discover(provider: ConfiguredProvider, issuer: string): Promise<ServerMetadata> {
    const known = this.discovered.get(provider.platform);
    if (known && known.untilMs > performance.now()) return known.metadata;
    const metadata = this.askedFor(provider, issuer);
    const entry = { metadata, untilMs: performance.now() + METADATA_MS };
    this.discovered.set(provider.platform, entry);
    // The next one asks again; who waits for this one is told by it.
    metadata.catch(() => {
      if (this.discovered.get(provider.platform) === entry) this.discovered.delete(provider.platform);
    });
    return metadata;
  }

  /** @throws upstream-failed, upstream-timeout */
  private async askedFor(provider: ConfiguredProvider, issuer: string): Promise<ServerMetadata> {
    const url = new URL(issuer);
    try {
      const found = await discovery(url, clientOf(provider).id, undefined, undefined, {
        [customFetch]: this.outbound.fetch,
        timeout: this.times.requestMs / 1_000,
        execute: this.outbound.trusts(url) ? [allowInsecureRequests] : [],
      });
      // Data alone: the library adds a function to it.
      const metadata = JSON.parse(JSON.stringify(found.serverMetadata())) as ServerMetadata;
      const { authorizeUrl, tokenUrl, revokeUrl } = provider.grant;
      return {
        ...metadata,
        authorization_endpoint: authorizeUrl ?? metadata.authorization_endpoint,
        token_endpoint: tokenUrl ?? metadata.token_endpoint,
        revocation_endpoint: revokeUrl ?? metadata.revocation_endpoint,
      };
    } catch (error) {
      throw grantFault(provider.title, error).error;
    }
  }
}

/** @throws not-configured */
export function clientOf({ client, title, platform }: ConfiguredProvider): { id: string; secret?: string } {
  if (client) return client;
  const prefix = `CONNECTOR_${platform.toUpperCase().replaceAll('-', '_')}`;
  throw connectorErrors['not-configured'](
    `${title} cannot be connected here until the operator sets ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET.`,
  );
}

function authOf({ client, grant }: ConfiguredProvider): ClientAuth {
  if (client?.secret === undefined) return None();
  return grant.clientAuth === 'basic' ? ClientSecretBasic(client.secret) : ClientSecretPost(client.secret);
}
