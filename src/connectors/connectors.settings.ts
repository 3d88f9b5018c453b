import { IsArray, IsOptional, IsString, IsUrl, Matches, ValidateBy } from 'class-validator';
import { Setting } from '../config/setting.js';
import { Agrees } from '../platform/redis/agrees.validator.js';
import { VERSION } from '../version.js';
import { isTrustedHost } from './outbound/trusted-hosts.js';
import type { ProviderClient } from './registry/provider.js';
import { SHIPPED } from './registry/shipped.js';
import { isProviderLimit } from './registry/with-limits.js';

const PLATFORM = /^[a-z][a-z\d-]{0,31}$/;
const ENDPOINT = /^[a-z][a-z\d-]{0,31}\.(?:authorize|token|revoke|issuer|api)=https?:\/\/[^\s]+$/;

const IsHost = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isTrustedHost', validator: { validate: isTrustedHost } },
    { each: true, message: 'must be host or host:port for each, without https:// or a path' },
  );

const IsLimit = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isProviderLimit', validator: { validate: isProviderLimit } },
    { each: true, message: 'must be platform=requests/time for each, such as spotify=600/30s' },
  );

/** The platforms that people connect. A platform without a client id is shown, and cannot be connected. */
export class ConnectorSettings {
  @Setting({
    env: 'CONNECTOR_OIDC_ISSUER',
    example: 'https://id.example.com',
    description:
      'A further platform: a provider of OpenID Connect with a discovery document, such as Keycloak or Auth0.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  oidcIssuer?: string;

  @Setting({
    env: 'CONNECTOR_OIDC_CLIENT_ID',
    example: 'rapport',
    description: 'Client id at CONNECTOR_OIDC_ISSUER.',
  })
  @IsOptional()
  @IsString()
  @Agrees(
    ({ oidcIssuer }: ConnectorSettings) => oidcIssuer !== undefined,
    'belongs to a platform; name it with CONNECTOR_OIDC_ISSUER',
  )
  oidcClientId?: string;

  @Setting({
    env: 'CONNECTOR_OIDC_CLIENT_SECRET',
    secret: true,
    description: 'Client secret at CONNECTOR_OIDC_ISSUER; a public client has none.',
  })
  @IsOptional()
  @IsString()
  @Agrees(
    ({ oidcClientId }: ConnectorSettings) => oidcClientId !== undefined,
    'belongs to a client; name it with CONNECTOR_OIDC_CLIENT_ID',
  )
  oidcClientSecret?: string;

  @Setting({
    env: 'CONNECTOR_OIDC_NAME',
    description: 'What the platform at CONNECTOR_OIDC_ISSUER is called, in paths, too.',
  })
  @Matches(PLATFORM, { message: 'must be lower-case letters, digits and hyphens, such as keycloak' })
  oidcName = 'oidc';

  @Setting({
    env: 'CONNECTOR_OIDC_SCOPES',
    type: 'list',
    description:
      'What is asked for at CONNECTOR_OIDC_ISSUER; openid is among it. offline_access asks for a refresh token.',
  })
  @IsArray()
  @Matches(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { each: true, message: 'must be scopes as the issuer names them' })
  oidcScopes: string[] = ['openid', 'profile', 'offline_access'];

  @Setting({
    env: 'CONNECTOR_ENDPOINTS',
    type: 'list',
    example: 'github.api=https://github.example.com/api/v3',
    description:
      'Other addresses of platforms, such as a GitHub Enterprise: platform.authorize, .token, .revoke, .issuer or .api.',
  })
  @IsArray()
  @Matches(ENDPOINT, {
    each: true,
    message: 'must be platform.endpoint=address, such as github.api=https://github.example.com/api/v3',
  })
  endpoints: string[] = [];

  @Setting({
    env: 'CONNECTOR_LIMITS',
    type: 'list',
    example: 'spotify=600/30s',
    description:
      'Requests that platforms take in a time, where they grant this installation more or less than they document.',
  })
  @IsArray()
  @IsLimit()
  limits: string[] = [];

  @Setting({
    env: 'CONNECTOR_TRUSTED_HOSTS',
    type: 'list',
    example: 'id.internal:8443',
    description:
      'Hosts of platforms, with a port or any, that may have private addresses and plain http. All others are asked over https at public addresses only.',
  })
  @IsArray()
  @IsHost()
  trustedHosts: string[] = [];

  @Setting({
    env: 'CONNECTOR_USER_AGENT',
    description:
      'What the service calls itself to platforms. Reddit wants platform:name:version (by /u/you), and slows down others.',
  })
  @Matches(/^[\x20-\x7e]{1,200}$/, { message: 'must be up to 200 characters of ASCII' })
  userAgent = `server:rapport:${VERSION}`;

  /** What the service is registered as at a platform; undefined where it is not. */
  clientOf(platform: string): ProviderClient | undefined {
    const [id, secret] =
      this.oidcIssuer !== undefined && platform === this.oidcName
        ? [this.oidcClientId, this.oidcClientSecret]
        : [this.registered(idOf(platform)), this.registered(secretOf(platform))];
    return id === undefined ? undefined : { id, secret };
  }

  /** Those of shipped platforms are declared below, and known to the compiler only by name. */
  registered(property: string): string | undefined {
    return (this as unknown as Record<string, string | undefined>)[property];
  }
}

const idOf = (platform: string): string => `${platform}ClientId`;
const secretOf = (platform: string): string => `${platform}ClientSecret`;

// Of each platform that is shipped, so that a new one is declared in one place.
for (const { platform, title } of SHIPPED) {
  const name = `CONNECTOR_${platform.toUpperCase().replaceAll('-', '_')}`;
  const declare = (property: string, decorators: PropertyDecorator[]): void =>
    decorators.forEach((decorate) => decorate(ConnectorSettings.prototype, property));
  declare(idOf(platform), [
    Setting({
      env: `${name}_CLIENT_ID`,
      example: 'rapport',
      description: `Client id of the application that is registered at ${title}.`,
    }),
    IsOptional(),
    IsString(),
  ]);
  declare(secretOf(platform), [
    Setting({ env: `${name}_CLIENT_SECRET`, secret: true, description: `Its client secret.` }),
    IsOptional(),
    IsString(),
    Agrees(
      (settings: ConnectorSettings) => settings.registered(idOf(platform)) !== undefined,
      `belongs to a client; name it with ${name}_CLIENT_ID`,
    ),
  ]);
}
