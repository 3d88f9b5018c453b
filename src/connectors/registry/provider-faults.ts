import { USERINFO, type Provider, type ProviderGrant } from './provider.js';

/** Paths of the feature: a platform of such a name could not be reached. */
const RESERVED = new Set(['status', 'reset', 'callback', 'profile', 'rate-limits']);

/**
 * What is wrong with a declaration, as sentences that name the place; none for one that can work.
 * @param isAllowed whether an address may be asked: https, or of a trusted host
 */
export function faultsOf(provider: Provider, isAllowed: (url: URL) => boolean): string[] {
  const { platform, grant, account, api, kinds } = provider;
  const faults: string[] = [];
  const fault = (text: string): void => void faults.push(`${platform || '(no name)'}: ${text}`);
  if (!/^[a-z][a-z\d-]{0,31}$/.test(platform))
    fault('the platform must be lower-case letters, digits and hyphens.');
  if (RESERVED.has(platform)) fault('the name is a path of the API already; choose another one.');
  for (const [name, address] of Object.entries(addressesOf(provider))) {
    if (address === undefined) continue;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!url || !isAllowed(url) || url.username !== '' || url.hash !== '')
      fault(`${name} must be an https address (http only at a host of CONNECTOR_TRUSTED_HOSTS).`);
  }
  if (!isComplete(grant)) fault('grant needs an issuer, or authorizeUrl and tokenUrl.');
  if (grant.revokeUrl !== undefined && grant.revoke) fault('grant has both revokeUrl and revoke; keep one.');
  if (account.path !== USERINFO && !account.path.startsWith('/'))
    fault('account.path must begin with a slash.');
  if (account.path === USERINFO && grant.issuer === undefined)
    fault('account.path is the user info of an issuer, and grant has none.');
  const { requests, windowMs } = api.limit;
  if (!(isWhole(requests) && isWhole(windowMs)))
    fault('api.limit needs whole requests and windowMs above 0.');
  if (Object.keys(kinds).length === 0) fault('there is nothing to extract; add a kind.');
  for (const [kind, { scopes, steps }] of Object.entries(kinds)) {
    const missing = scopes.filter((scope) => !grant.scopes.includes(scope));
    if (!/^[a-z][a-z\d-]{0,31}$/.test(kind))
      fault(`kind ${kind} must be lower-case letters, digits and hyphens.`);
    if (missing.length > 0)
      fault(`kind ${kind} needs ${missing.join(', ')}, and grant.scopes does not have it.`);
    if (steps.length === 0) fault(`kind ${kind} has no steps.`);
    if (new Set(steps.map(({ name }) => name)).size < steps.length)
      fault(`kind ${kind} has two steps of one name.`);
  }
  return faults;
}

const addressesOf = ({ grant, api }: Provider): Record<string, string | undefined> => ({
  'grant.issuer': grant.issuer,
  'grant.authorizeUrl': grant.authorizeUrl,
  'grant.tokenUrl': grant.tokenUrl,
  'grant.revokeUrl': grant.revokeUrl,
  'grant.revoke.url': grant.revoke?.url,
  'api.baseUrl': api.baseUrl,
});

const isComplete = ({ issuer, authorizeUrl, tokenUrl }: ProviderGrant): boolean =>
  issuer !== undefined || (authorizeUrl !== undefined && tokenUrl !== undefined);

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
