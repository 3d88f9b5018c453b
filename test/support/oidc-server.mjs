// An OpenID provider of its own, as a process: `oidc-provider` with rotating refresh tokens, of which a second use ends
// the whole grant; as the standard has it, they are given for offline_access that people are asked about. People are logged
// in and agree at once; with login_hint=deny they do not. /control tells what it was asked and what it has issued, and holds
// its answers back.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [redirectUri] = process.argv.slice(2);
const counts = { code: 0, refresh: 0, revoked: 0, revoking: 0 };
const issued = new Set();
/** Of the accounts that have one grant for all that the client asks for: whoever ends a part of it ends the whole. */
const grants = new Map();
/** While there is one, answers with tokens wait for it, or revocations before they are carried out. */
let gate;
let open = () => undefined;
let revocationGate;
let openRevocations = () => undefined;

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'rapport',
      client_secret: 'the secret of the client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  cookies: { keys: ['a key for cookies'] },
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    userinfo: { enabled: true },
  },
  claims: { openid: ['sub'], profile: ['name', 'profile', 'picture'] },
  scopes: ['openid', 'profile', 'offline_access'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Name of ${id}`, profile: `https://people.example/${id}` }),
  }),
});

async function decide(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (params.login_hint === 'deny') {
    const result = { error: 'access_denied', error_description: 'No.' };
    await provider.interactionFinished(request, response, result);
    return;
  }
  const accountId = params.login_hint ?? 'somebody';
  const known = grants.has(accountId) ? await provider.Grant.find(grants.get(accountId)) : undefined;
  const grant = known ?? new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  if (accountId.startsWith('one grant of ')) grants.set(accountId, grantId);
  const result = { login: { accountId }, consent: { grantId } };
  await provider.interactionFinished(request, response, result);
}

provider.use(async (context, next) => {
  if (context.path === '/token/revocation') {
    counts.revoking++;
    await revocationGate;
  }
  await next();
  if (context.path === '/token/revocation') counts.revoked++;
  if (context.path !== '/token') return;
  const { grant_type: type } = context.oidc?.params ?? {};
  counts[type === 'refresh_token' ? 'refresh' : 'code']++;
  for (const name of ['access_token', 'refresh_token', 'id_token'])
    if (typeof context.body?.[name] === 'string') issued.add(context.body[name]);
  await gate;
});

const handler = provider.callback();

function control(request, response) {
  const url = new URL(request.url, issuer);
  const wanted = url.searchParams.get('answers');
  if (wanted === 'held') gate = new Promise((resolve) => (open = resolve));
  if (wanted === 'given') gate = undefined;
  if (wanted === 'released') open((gate = undefined));
  const revocations = url.searchParams.get('revocations');
  if (revocations === 'held') revocationGate = new Promise((resolve) => (openRevocations = resolve));
  if (revocations === 'released') openRevocations((revocationGate = undefined));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...counts, issued: [...issued] }));
}

server.on('request', (request, response) => {
  if (request.url.startsWith('/control')) control(request, response);
  else if (request.url.startsWith('/interaction/'))
    decide(request, response).catch((error) => response.writeHead(500).end(String(error)));
  else void handler(request, response);
});

console.log(`listening at ${issuer}`);
