// An authorisation server that answers wrongly when told so (/control?fault=…): `oauth2-mock-server`, and what it does not
// do itself. It asks nobody anything.
import { createServer } from 'node:http';
import { OAuth2Server } from 'oauth2-mock-server';

const mock = new OAuth2Server();
const { service, issuer } = mock;
await issuer.keys.generate('RS256');
let fault = '';
let revoked = 0;
const REFRESH_TOKEN = 'a refresh token of the faulty server';
const issued = new Set([REFRESH_TOKEN]);

const FAULTY_RESPONSES = {
  'status-500': (answer) => Object.assign(answer, { statusCode: 500, body: { error: 'server_error' } }),
  'error-200': (answer) => Object.assign(answer, { statusCode: 200, body: { error: 'bad_refresh_token' } }),
  'status-400': (answer) => Object.assign(answer, { statusCode: 400, body: { error: 400 } }),
  'no-token': (answer) => delete answer.body.access_token,
};
service.on('beforeResponse', (answer) => {
  answer.body.refresh_token ??= REFRESH_TOKEN;
  issued.add(answer.body.access_token).add(answer.body.id_token);
  FAULTY_RESPONSES[fault]?.(answer);
});
service.on('beforeTokenSigning', (token) => {
  if (fault === 'wrong-issuer') token.payload.iss = 'https://elsewhere.example';
});

const server = createServer((request, response) => {
  const url = new URL(request.url, issuer.url);
  if (url.pathname === '/control') {
    fault = url.searchParams.get('fault') ?? fault;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ revoked, issued: [...issued].filter(Boolean) }));
  } else if (url.pathname === '/token' && fault === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>');
  } else if (url.pathname === '/token' && fault === 'bad-json') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":');
  } else if (url.pathname === '/token' && fault === 'silent') {
    // Until the client loses patience.
  } else if (url.pathname === '/revoke') {
    revoked++;
    response.writeHead(fault === 'no-revocation' ? 503 : 200).end();
  } else if (url.pathname.endsWith('/userinfo')) {
    response.writeHead(fault === 'no-userinfo' ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ sub: '7', name: 'Se\u0000ven' }));
  } else service.requestHandler(request, response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
issuer.url = `http://127.0.0.1:${server.address().port}`;
console.log(`listening at ${issuer.url}`);
