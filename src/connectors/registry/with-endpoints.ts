import type { Provider, ProviderGrant } from './provider.js';

/** What a setting may put in the place of an address of a declaration. */
const REPLACES: Readonly<Record<string, (provider: Provider, address: string) => Provider>> = {
  authorize: (provider, authorizeUrl) => withGrant(provider, { authorizeUrl }),
  token: (provider, tokenUrl) => withGrant(provider, { tokenUrl }),
  issuer: (provider, issuer) => withGrant(provider, { issuer }),
  revoke: (provider, url) =>
    withGrant(
      provider,
      provider.grant.revoke ? { revoke: { ...provider.grant.revoke, url } } : { revokeUrl: url },
    ),
  api: (provider, baseUrl) => ({
    ...provider,
    api: { ...provider.api, baseUrl: baseUrl.replace(/\/+$/, '') },
  }),
};

const withGrant = (provider: Provider, grant: Partial<ProviderGrant>): Provider => ({
  ...provider,
  grant: { ...provider.grant, ...grant },
});

/** A platform at the addresses of CONNECTOR_ENDPOINTS, e.g. `github.api=https://github.example.com/api/v3`. */
export function withEndpoints(provider: Provider, endpoints: readonly string[]): Provider {
  return endpoints.reduce((changed, entry) => {
    const [, platform, endpoint = '', address = ''] = /^([^.]+)\.([^=]+)=(.*)$/.exec(entry) ?? [];
    return platform === provider.platform ? (REPLACES[endpoint]?.(changed, address) ?? changed) : changed;
  }, provider);
}
