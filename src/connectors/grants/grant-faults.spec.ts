import { allowInsecureRequests, Configuration, customFetch, None, refreshTokenGrant } from 'openid-client';
import { asUnsent, outboundFailed, outboundTimeout } from '../outbound/outbound.errors.js';
import { grantFault, type GrantFault } from './grant-faults.js';

const TITLE = 'Chirp';
const SECRET = 'refresh-token-that-must-not-show';

/** What the library makes of a request that ends like this, as those who ask for tokens see it. */
async function faultOf(ends: () => Response | Promise<Response>): Promise<GrantFault> {
  const server = { issuer: 'http://chirp.test', token_endpoint: 'http://chirp.test/token' };
  const configuration = new Configuration(server, 'rapport', undefined, None());
  allowInsecureRequests(configuration);
  configuration[customFetch] = async () => ends();
  const error: unknown = await refreshTokenGrant(configuration, SECRET).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return grantFault(TITLE, error);
}

const fails = (error: Error) => (): Promise<Response> => Promise.reject(error);
const json =
  (status: number, body: unknown = {}) =>
  (): Response =>
    Response.json(body, { status });

it.each<[outcome: GrantFault['outcome'], what: string, ends: () => Response | Promise<Response>]>([
  ['refused', 'a grant that is none', json(400, { error: 'invalid_grant' })],
  ['refused', 'a word of GitHub, with success', json(200, { error: 'bad_refresh_token' })],
  ['refused', 'a 400 without a word', () => new Response(null, { status: 400 })],
  [
    'failed',
    'a request that was never sent',
    fails(asUnsent(outboundFailed(TITLE, 'refused the connection'))),
  ],
  ['failed', 'a connection that did not come about in time', fails(asUnsent(outboundTimeout(TITLE, 100)))],
  ['failed', 'another error of OAuth', json(400, { error: 'invalid_client' })],
  ['failed', 'an error of the server', json(500, { error: 'server_error' })],
  ['failed', 'an answer without a token', json(200)],
  ['unknown', 'a connection that broke off', fails(outboundFailed(TITLE, 'broke the connection off'))],
  ['unknown', 'no answer in time', fails(outboundTimeout(TITLE, 100))],
  ['unknown', 'a gateway that lost the platform', json(502)],
  ['unknown', 'a gateway that has waited too long', json(504, { error: 'timeout' })],
  ['unknown', 'whatever nobody has foreseen', fails(new Error(SECRET))],
])('%s: %s', async (outcome, _what, ends) => {
  const { error, ...fault } = await faultOf(ends);
  expect(fault).toEqual({ outcome });
  expect(['upstream-failed', 'upstream-timeout']).toContain(error.code);
  expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(SECRET);
});
