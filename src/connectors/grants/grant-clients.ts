import { Injectable } from '@nestjs/common';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  refreshTokenGrant,
  tokenRevocation,
  type TokenEndpointResponse,
} from 'openid-client';
import { connectorErrors } from '../connectors.errors.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import { outboundFailed } from '../outbound/outbound.errors.js';
import type { ConfiguredProvider } from '../registry/provider.js';
import { AuthorizationServers, clientOf } from './authorization-servers.js';
import { grantFault, type GrantFault } from './grant-faults.js';
import { nonceOf } from './random-secrets.js';
import { SecretText } from './secret-text.js';

const REVOCATION_MS = 5_000;

/** What a platform grants. */
export interface Grant {
  access: SecretText;
  refresh?: SecretText;
  expiresInMs?: number;
  /** Undefined where the platform does not say: what was asked for. */
  scopes?: string[];
}

export interface AuthorizationRequest {
  redirectUri: string;
  state: string;
  verifier: string;
  scopes: readonly string[];
}

/** What somebody came back with. */
export interface AuthorizationAnswer {
  code: string;
  iss?: string;
}

/** The conversation with the platforms' authorisation servers. The protocol is openid-client's, the requests are guarded. */
@Injectable()
export class GrantClients {
  constructor(
    private readonly servers: AuthorizationServers,
    private readonly outbound: OutboundClient,
  ) {}

  /** Where a browser is sent. @throws not-configured, upstream-failed, upstream-timeout */
  async authorizationUrl(provider: ConfiguredProvider, request: AuthorizationRequest): Promise<string> {
    const configuration = await this.servers.configuration(provider);
    const url = buildAuthorizationUrl(configuration, {
      ...provider.grant.parameters?.(request.scopes),
      response_type: 'code',
      redirect_uri: request.redirectUri,
      scope: request.scopes.join(' '),
      state: request.state,
      code_challenge: await calculatePKCECodeChallenge(request.verifier),
      code_challenge_method: 'S256',
      ...(asksForIdToken(provider, request.scopes) && { nonce: nonceOf(request.verifier) }),
    });
    return url.href;
  }

  /** Whether an answer is the platform's (RFC 9207). @throws issuer-mismatch, upstream-failed, upstream-timeout */
  async checkIssuer(provider: ConfiguredProvider, iss: string | undefined): Promise<void> {
    // A platform that has not named its issuer here is known by the address that it sends people back to.
    if (provider.grant.issuer === undefined) return;
    const metadata = await this.servers.metadata(provider);
    const isExpected = metadata.authorization_response_iss_parameter_supported === true;
    if (iss === undefined ? !isExpected : iss === metadata.issuer) return;
    throw connectorErrors['issuer-mismatch'](
      `The answer does not come from the authorisation server of ${provider.title}; connect again from here.`,
    );
  }

  /** @throws upstream-failed, upstream-timeout, not-configured */
  async exchange(
    provider: ConfiguredProvider,
    { code, iss }: AuthorizationAnswer,
    request: AuthorizationRequest,
  ): Promise<Grant> {
    const url = new URL(request.redirectUri);
    url.searchParams.set('code', code);
    url.searchParams.set('state', request.state);
    if (iss !== undefined && provider.grant.issuer !== undefined) url.searchParams.set('iss', iss);
    try {
      const answer = await authorizationCodeGrant(await this.servers.configuration(provider), url, {
        pkceCodeVerifier: request.verifier,
        expectedState: request.state,
        ...(asksForIdToken(provider, request.scopes) && { expectedNonce: nonceOf(request.verifier) }),
      });
      return grantOf(answer);
    } catch (error) {
      throw grantFault(provider.title, error).error;
    }
  }

  /**
   * Everything that has to be asked for before a refresh token is used; then one request, whose failure is answered
   * rather than thrown: what may be tried again depends on it.
   * @throws not-configured, upstream-failed, upstream-timeout
   */
  async refresher(
    provider: ConfiguredProvider,
  ): Promise<(refresh: SecretText) => Promise<{ grant: Grant } | { fault: GrantFault }>> {
    const configuration = await this.servers.configuration(provider);
    return async (refresh) => {
      try {
        return { grant: grantOf(await refreshTokenGrant(configuration, refresh.reveal())) };
      } catch (error) {
        return { fault: grantFault(provider.title, error) };
      }
    };
  }

  /** False where the platform knows no way. @throws upstream-failed, upstream-timeout */
  async revoke(
    provider: ConfiguredProvider,
    { access, refresh }: Pick<Grant, 'access' | 'refresh'>,
  ): Promise<boolean> {
    try {
      if (provider.grant.revoke) return await this.revokeInItsOwnWay(provider, access);
      const configuration = await this.servers.configuration(provider, REVOCATION_MS);
      if (configuration.serverMetadata().revocation_endpoint === undefined) return false;
      // With the refresh token goes the grant; what was made of it may live on.
      if (refresh)
        await tokenRevocation(configuration, refresh.reveal(), { token_type_hint: 'refresh_token' });
      await tokenRevocation(configuration, access.reveal(), { token_type_hint: 'access_token' });
      return true;
    } catch (error) {
      throw grantFault(provider.title, error).error;
    }
  }

  private async revokeInItsOwnWay(provider: ConfiguredProvider, access: SecretText): Promise<boolean> {
    const { revoke } = provider.grant;
    const client = clientOf(provider);
    if (!revoke) return false;
    const { status } = await this.outbound.json(
      revoke.url.replace('{client_id}', encodeURIComponent(client.id)),
      {
        of: provider.title,
        method: revoke.method,
        headers: {
          authorization: `Basic ${Buffer.from(`${client.id}:${client.secret ?? ''}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ [revoke.tokenField]: access.reveal() }),
        timeoutMs: REVOCATION_MS,
      },
    );
    // Not found, or not to be processed: it is none (any more).
    if (status < 300 || status === 404 || status === 422) return true;
    throw outboundFailed(provider.title, `refused to take a token back (${status})`);
  }
}

/** An id token is checked only where it is known whose it has to be. */
const asksForIdToken = ({ grant }: ConfiguredProvider, scopes: readonly string[]): boolean =>
  grant.issuer !== undefined && scopes.includes('openid');

function grantOf(answer: TokenEndpointResponse): Grant {
  const { access_token: access, refresh_token: refresh, expires_in: seconds, scope } = answer;
  return {
    access: new SecretText(access),
    refresh: refresh === undefined ? undefined : new SecretText(refresh),
    expiresInMs: seconds === undefined ? undefined : seconds * 1_000,
    // By RFC 6749 with spaces; some use commas.
    scopes: scope === undefined ? undefined : scope.split(/[\s,]+/).filter((name) => name !== ''),
  };
}
