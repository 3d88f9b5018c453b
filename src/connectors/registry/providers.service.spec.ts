import { StartupError } from '../../platform/errors/startup-error.js';
import { loadSettings } from '../../config/load-settings.js';
import { ConnectorSettings } from '../connectors.settings.js';
import { addressOf } from './provider-requests.js';
import type { Provider } from './provider.js';
import { Providers } from './providers.service.js';
import { github } from './providers/github.js';
import { spotify } from './providers/spotify.js';

const providersOf = (environment: Record<string, string>, declarations?: readonly Provider[]): Providers =>
  new Providers(loadSettings([ConnectorSettings], environment).get(ConnectorSettings), declarations);

const withoutScope: Provider = { ...spotify, grant: { ...spotify.grant, scopes: ['user-top-read'] } };
const overHttp: Provider = { ...spotify, api: { ...spotify.api, baseUrl: 'http://api.spotify.com/v1' } };

it('knows the shipped platforms without any setting, none of them ready to be connected', () => {
  const providers = providersOf({});
  expect(providers.list().map(({ platform }) => platform)).toEqual([
    'spotify',
    'github',
    'google',
    'discord',
    'reddit',
  ]);
  expect(providers.list().every(({ client }) => client === undefined)).toBe(true);
  expect(() => providers.get('myspace')).toThrow(expect.objectContaining({ code: 'not-found' }));
});

it('takes the clients from the settings', () => {
  const providers = providersOf({
    CONNECTOR_SPOTIFY_CLIENT_ID: 'an-id',
    CONNECTOR_SPOTIFY_CLIENT_SECRET: 'a-secret',
    CONNECTOR_GITHUB_CLIENT_ID: 'public',
    CONNECTOR_OIDC_ISSUER: 'https://id.example.com',
    CONNECTOR_OIDC_NAME: 'keycloak',
    CONNECTOR_OIDC_CLIENT_ID: 'kc',
    CONNECTOR_OIDC_SCOPES: 'profile,email',
  });
  expect(providers.get('spotify').client).toEqual({ id: 'an-id', secret: 'a-secret' });
  expect(providers.get('github').client).toEqual({ id: 'public', secret: undefined });
  expect(providers.get('google').client).toBeUndefined();
  expect(providers.get('keycloak')).toMatchObject({
    title: 'Keycloak',
    client: { id: 'kc' },
    grant: { issuer: 'https://id.example.com', scopes: ['openid', 'profile', 'email'] },
  });
  const offline = providersOf({ CONNECTOR_OIDC_ISSUER: 'https://id.example.com' }).get('oidc');
  expect(offline.grant.scopes).toEqual(['openid', 'profile', 'offline_access']);
  expect(offline.grant.parameters?.(offline.grant.scopes)).toEqual({ prompt: 'consent' });
});

it('puts other addresses in place of the declared ones', () => {
  const { grant, api } = providersOf({
    CONNECTOR_ENDPOINTS:
      'github.api=https://ghe.example.com/api/v3/,github.token=https://ghe.example.com/login/oauth/access_token,' +
      'github.revoke=https://ghe.example.com/api/v3/applications/{client_id}/token',
  }).get('github');
  expect(api.baseUrl).toBe('https://ghe.example.com/api/v3');
  expect(grant).toMatchObject({
    authorizeUrl: github.grant.authorizeUrl,
    tokenUrl: 'https://ghe.example.com/login/oauth/access_token',
    revoke: { method: 'DELETE', url: 'https://ghe.example.com/api/v3/applications/{client_id}/token' },
  });
});

it('takes other limits than the documented ones', () => {
  const { api } = providersOf({ CONNECTOR_LIMITS: 'spotify=600/30s' }).get('spotify');
  expect(api.limit).toMatchObject({ per: 'app', requests: 600, windowMs: 30_000 });
});

it('takes plain http only of trusted hosts', () => {
  const http = { CONNECTOR_ENDPOINTS: 'spotify.api=http://127.0.0.1:9000' };
  expect(() => providersOf(http)).toThrow(/spotify: api\.baseUrl must be an https address/);
  expect(() => providersOf({ ...http, CONNECTOR_TRUSTED_HOSTS: '127.0.0.1:9001' })).toThrow(StartupError);
  expect(() => providersOf({ ...http, CONNECTOR_TRUSTED_HOSTS: '127.0.0.1:9000' })).not.toThrow();
  expect(() => providersOf({ ...http, CONNECTOR_TRUSTED_HOSTS: '127.0.0.1' })).not.toThrow();
});

it.each<[what: string, environment: Record<string, string>, message: RegExp]>([
  [
    'a platform twice',
    { CONNECTOR_OIDC_ISSUER: 'https://x.test', CONNECTOR_OIDC_NAME: 'github' },
    /two platforms/,
  ],
  [
    'an unknown platform',
    { CONNECTOR_ENDPOINTS: 'myspace.api=https://x.test' },
    /myspace: CONNECTOR_ENDPOINTS/,
  ],
  [
    'a name that is a path',
    { CONNECTOR_OIDC_ISSUER: 'https://x.test', CONNECTOR_OIDC_NAME: 'status' },
    /status: the name is a path/,
  ],
  ['a limit of an unknown platform', { CONNECTOR_LIMITS: 'myspace=1/1s' }, /myspace: CONNECTOR_LIMITS/],
  ['a limit without a time', { CONNECTOR_LIMITS: 'github=100' }, /CONNECTOR_LIMITS must be platform=/],
  [
    'an unknown endpoint',
    { CONNECTOR_ENDPOINTS: 'github.home=https://x.test' },
    /CONNECTOR_ENDPOINTS must be/,
  ],
  ['an issuer over http', { CONNECTOR_OIDC_ISSUER: 'http://x.test' }, /oidc: grant\.issuer/],
  [
    'a secret without its id',
    { CONNECTOR_GITHUB_CLIENT_SECRET: 'x' },
    /name it with CONNECTOR_GITHUB_CLIENT_ID/,
  ],
  ['a client of no issuer', { CONNECTOR_OIDC_CLIENT_ID: 'x' }, /name it with CONNECTOR_OIDC_ISSUER/],
  ['an issuer that is no URL', { CONNECTOR_OIDC_ISSUER: 'x' }, /CONNECTOR_OIDC_ISSUER/],
  ['a name with capitals', { CONNECTOR_OIDC_NAME: 'My Login' }, /CONNECTOR_OIDC_NAME must be lower-case/],
  ['a host with a path', { CONNECTOR_TRUSTED_HOSTS: 'x.test/path' }, /CONNECTOR_TRUSTED_HOSTS must be host/],
  [
    'a host with a wrong port',
    { CONNECTOR_TRUSTED_HOSTS: 'x.test:99999' },
    /CONNECTOR_TRUSTED_HOSTS must be host/,
  ],
])('refuses %s at the start, and says how to put it right', (_what, environment, message) => {
  expect(() => providersOf(environment)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message) }),
  );
  expect(() => providersOf(environment)).toThrow(
    expect.objectContaining({
      fix: expect.stringMatching(/^Correct .*(?:CONNECTOR_|environment variables)/),
    }),
  );
});

it.each<[what: string, declarations: readonly Provider[], message: RegExp]>([
  ['two of one name', [spotify, spotify], /spotify: there are two platforms/],
  ['a kind that needs what is not asked for', [withoutScope], /kind library needs user-library-read/],
  ['an address over http', [overHttp], /spotify: api\.baseUrl/],
  ['nothing to extract', [{ ...spotify, kinds: {} }], /add a kind/],
  ['no way to a grant', [{ ...spotify, grant: { scopes: spotify.grant.scopes } }], /needs an issuer/],
  ['a name with capitals', [{ ...spotify, platform: 'Spotify' }], /lower-case/],
])('refuses declarations with %s', (_what, declarations, message) => {
  expect(() => providersOf({}, declarations)).toThrow(message);
});

it.each(['//evil.test/x', '/../../x', '/..', 'https://evil.test/', 'evil', '/%2e%2e/x'])(
  'lets no path lead out of the API: %s',
  (path) => {
    expect(addressOf('https://api.example.com/v1', path) ?? 'https://api.example.com/v1/').toMatch(
      /^https:\/\/api\.example\.com\/v1\//,
    );
  },
);
