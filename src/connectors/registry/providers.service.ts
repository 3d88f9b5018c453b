import { Inject, Injectable, Optional } from '@nestjs/common';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { StartupError } from '../../platform/errors/startup-error.js';
import { ConnectorSettings } from '../connectors.settings.js';
import { TrustedHosts } from '../outbound/trusted-hosts.js';
import type { ConfiguredProvider, Provider } from './provider.js';
import { faultsOf } from './provider-faults.js';
import { oidc } from './providers/oidc.js';
import { SHIPPED } from './shipped.js';
import { withEndpoints } from './with-endpoints.js';
import { withLimits } from './with-limits.js';

/** The declarations to choose from; {@link SHIPPED} where nothing is provided. */
const DECLARATIONS = Symbol('provider declarations');

/** The platforms of this installation, in the order in which people see them. */
@Injectable()
export class Providers {
  private readonly byPlatform: ReadonlyMap<string, ConfiguredProvider>;

  /** @throws StartupError for declarations and settings that cannot work */
  constructor(
    settings: ConnectorSettings,
    @Optional() @Inject(DECLARATIONS) declarations: readonly Provider[] = SHIPPED,
  ) {
    const { oidcIssuer: issuer, oidcName, oidcScopes, endpoints, limits, trustedHosts } = settings;
    const extra = issuer ? [oidc({ platform: oidcName, issuer, scopes: scopesOf(oidcScopes) })] : [];
    const providers = [...declarations, ...extra].map((provider) =>
      withLimits(withEndpoints(provider, endpoints), limits),
    );
    assertUsable(providers, new TrustedHosts(trustedHosts), { endpoints, limits });
    this.byPlatform = new Map(
      providers.map((provider) => [
        provider.platform,
        { ...provider, client: settings.clientOf(provider.platform) },
      ]),
    );
  }

  list(): ConfiguredProvider[] {
    return [...this.byPlatform.values()];
  }

  find(platform: string): ConfiguredProvider | undefined {
    return this.byPlatform.get(platform);
  }

  /** @throws not-found */
  get(platform: string): ConfiguredProvider {
    const provider = this.find(platform);
    if (provider) return provider;
    const known = [...this.byPlatform.keys()].join(', ');
    throw platformErrors['not-found'](`There is no such platform; there are ${known}.`);
  }
}

const scopesOf = (scopes: readonly string[]): string[] => [...new Set(['openid', ...scopes])];

function assertUsable(
  providers: readonly Provider[],
  trusted: TrustedHosts,
  { endpoints, limits }: Pick<ConnectorSettings, 'endpoints' | 'limits'>,
): void {
  const isAllowed = (url: URL): boolean =>
    url.protocol === 'https:' || (url.protocol === 'http:' && trusted.has(url));
  const platforms = providers.map(({ platform }) => platform);
  const twice = platforms.filter((platform, index) => platforms.indexOf(platform) < index);
  const unknown = (setting: string, entries: readonly string[]): string[] =>
    entries
      .map((entry) => entry.split(/[.=]/, 1)[0] ?? '')
      .filter((platform) => !platforms.includes(platform))
      .map((platform) => `${platform}: ${setting} names a platform that there is not.`);
  const faults = [
    ...providers.flatMap((provider) => faultsOf(provider, isAllowed)),
    ...twice.map((platform) => `${platform}: there are two platforms of this name.`),
    ...unknown('CONNECTOR_ENDPOINTS', endpoints),
    ...unknown('CONNECTOR_LIMITS', limits),
  ];
  if (faults.length === 0) return;
  throw new StartupError(
    `Platforms cannot be connected like this:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    'Correct CONNECTOR_ENDPOINTS, CONNECTOR_LIMITS, CONNECTOR_OIDC_ISSUER, CONNECTOR_OIDC_NAME or CONNECTOR_TRUSTED_HOSTS, or the declaration in src/connectors/registry/providers.',
  );
}
