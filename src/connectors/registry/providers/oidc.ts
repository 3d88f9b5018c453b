import { USERINFO, type Provider } from '../provider.js';
import { at, dateOf, idOf, labelsOf, textOf, webUrlOf } from '../reading.js';

interface OidcOptions {
  platform: string;
  issuer: string;
  scopes: readonly string[];
}

/**
 * Any provider of OpenID Connect 1.0 with a discovery document. Only what the standard has is read of it: the claims of
 * the user-info endpoint.
 */
export const oidc = ({ platform, issuer, scopes }: OidcOptions): Provider => ({
  platform,
  title: titleOf(platform),
  grant: {
    issuer,
    scopes,
    // OpenID Connect Core 11: without a consent, offline access may be ignored.
    parameters: (asked) => (asked.includes('offline_access') ? { prompt: 'consent' } : undefined),
  },
  account: {
    path: USERINFO,
    read: (body) => {
      const id = idOf(at(body, 'sub'));
      return id === undefined
        ? undefined
        : {
            id,
            name: textOf(at(body, 'name')) ?? textOf(at(body, 'preferred_username')),
            profileUrl: webUrlOf(at(body, 'profile')),
            pictureUrl: webUrlOf(at(body, 'picture')),
          };
    },
  },
  api: { baseUrl: issuer, limit: { per: 'account', requests: 60, windowMs: 60_000 } },
  kinds: {
    profile: {
      title: 'Your profile',
      scopes: ['openid'],
      steps: [
        {
          name: 'profile',
          path: () => USERINFO,
          list: (body) => (idOf(at(body, 'sub')) === undefined ? undefined : [body]),
          next: () => undefined,
          item: (raw) => {
            const id = idOf(at(raw, 'sub'));
            return id === undefined
              ? undefined
              : {
                  id: `profile:${id}`,
                  at: dateOf(at(raw, 'updated_at')),
                  title: textOf(at(raw, 'name')),
                  labels: labelsOf(at(raw, 'locale')),
                };
          },
        },
      ],
    },
  },
});

const titleOf = (platform: string): string =>
  platform === 'oidc' ? 'OpenID Connect' : platform.charAt(0).toUpperCase() + platform.slice(1);
