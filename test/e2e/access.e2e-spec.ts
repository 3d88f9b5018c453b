import { randomUUID } from 'node:crypto';
import { Api, expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type {
  Character,
  Conversation,
  Message,
  Person,
  Posted,
  Problem,
  Tokens,
} from '../support/api-client.js';
import { sharedService, START_MS } from '../support/service.js';
import { LiveSocket } from '../support/socket-client.js';
import { forgeToken } from '../support/tokens.js';

/** Whatever a stranger is answered, this must not be in it. */
const SECRET = 'the owner’s secret';

let url: string;
let owner: Person;
let stranger: Person;
let secretCharacter: Character;
let publicCharacter: Character;
let conversation: Conversation;
let posted: Posted;
let reply: Message;

beforeAll(async () => {
  url = await sharedService();
  [owner, stranger] = await Promise.all([newPerson(url), newPerson(url)]);
  publicCharacter = await newCharacter(owner);
  const hidden = { name: SECRET, firstMessage: SECRET, visibility: 'private' };
  secretCharacter = expectStatus(201, await owner.post<Character>('/api/characters', hidden));
  conversation = await owner.converse(secretCharacter.id);
  posted = expectStatus(202, await owner.say(conversation.id, SECRET));
  reply = (await owner.follow(posted.generation)).last.data.message as Message;
}, START_MS);

describe('a token', () => {
  const subject = randomUUID();
  const unsigned = (): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const claims = { sub: subject, role: 'admin', iss: 'rapport', aud: 'rapport-api', jti: '1', iat: 1, exp };
    return `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims)}.`;
  };
  const tokens: Record<string, () => string | Promise<string>> = {
    'that has expired': () => forgeToken({ subject, expiresIn: -30 }),
    'signed with another secret': () =>
      forgeToken({ subject, secret: 'another secret of sufficient length' }),
    'without a signature (alg none)': unsigned,
    'of another issuer': () => forgeToken({ subject, issuer: 'somebody' }),
    'for another audience': () => forgeToken({ subject, audience: 'something else' }),
    'of another kind': () => forgeToken({ subject, type: 'JWT' }),
    'for a role that does not exist': () => forgeToken({ subject, role: 'root' }),
    'with a changed claim': async () => {
      const [head, , signature] = (owner.token as string).split('.');
      const [, claims] = (await forgeToken({ subject, role: 'admin' })).split('.');
      return `${head}.${claims}.${signature}`;
    },
    'that is none': () => 'garbage',
    'that is a refresh token': async () => {
      const login = { email: owner.user.email, password: owner.password };
      const answer = await new Api(url).post<Tokens>('/api/auth/login', login);
      return expectStatus(200, answer).refreshToken;
    },
  };

  test.each(Object.keys(tokens))('%s opens nothing, over HTTP or as a socket', async (name) => {
    const token = await tokens[name]!();
    const { status, body, headers } = await new Api(url, token).get<Problem>('/api/users/me');
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    await expect(LiveSocket.connect(url, token)).rejects.toMatchObject({
      data: { status: 401, code: 'unauthenticated' },
    });
  });

  test('of the right kind, made with our own secret, does open: the refusals above are not for their form', async () => {
    const api = new Api(url, await forgeToken({ subject: owner.user.id }));
    expect((await api.get('/api/users/me')).status).toBe(200);
  });

  test('of somebody who is no longer there finds nobody', async () => {
    const api = new Api(url, await forgeToken({ subject: randomUUID() }));
    expect([401, 404]).toContain((await api.get('/api/users/me')).status);
    const start = await api.post('/api/conversations', { characterId: publicCharacter.id });
    expect([401, 404]).toContain(start.status);
  });

  test('of a user does not open what is for administrators', async () => {
    const attempts = [
      await owner.get('/api/admin/cache-stats'),
      await owner.post('/api/cache/invalidate', { prefix: 'character' }),
      await owner.put(`/api/admin/users/${owner.user.id}/tier`, { tier: 'premium' }),
      await owner.post('/api/usage/reservations', { characterId: publicCharacter.id, kind: 'text' }),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  });
});

describe('somebody else', () => {
  const paths = () => {
    const messages = `/api/conversations/${conversation.id}/messages`;
    return { messages, message: `${messages}/${posted.message.id}`, reply: `${messages}/${reply.id}` };
  };

  const hidden: Record<string, () => [method: string, path: string, body?: unknown]> = {
    'read a private character': () => ['GET', `/api/characters/${secretCharacter.id}`],
    'read its prompt': () => ['GET', `/api/characters/${secretCharacter.id}/prompt`],
    'change it': () => ['PATCH', `/api/characters/${secretCharacter.id}`, { name: 'Mine' }],
    'replace it': () => ['PUT', `/api/characters/${secretCharacter.id}`, { name: 'Mine' }],
    'delete it': () => ['DELETE', `/api/characters/${secretCharacter.id}`],
    'talk to it': () => ['POST', '/api/conversations', { characterId: secretCharacter.id }],
    'read a conversation': () => ['GET', `/api/conversations/${conversation.id}`],
    'rename it': () => ['PATCH', `/api/conversations/${conversation.id}`, { title: 'Mine' }],
    'end it': () => ['DELETE', `/api/conversations/${conversation.id}`],
    'read its metadata': () => ['GET', `/api/conversations/${conversation.id}/metadata`],
    'write its metadata': () => ['PUT', `/api/conversations/${conversation.id}/metadata`, {}],
    'mark it as read': () => ['PUT', `/api/conversations/${conversation.id}/read`, { seq: 1 }],
    'read its messages': () => ['GET', paths().messages],
    'add a message': () => ['POST', paths().messages, { clientMessageId: '1', text: 'Hi' }],
    'edit a message': () => ['PATCH', paths().message, { text: 'Hi' }],
    'take a message back': () => ['DELETE', paths().message],
    'have a reply made again': () => ['POST', `${paths().reply}/regenerations`, {}],
    'read what a message said before': () => ['GET', `${paths().message}/revisions`],
    'list the variants of a reply': () => ['GET', `${paths().reply}/variants`],
    'read a branch': () => ['GET', `${paths().messages}?leaf=${reply.id}`],
    'read its summary': () => ['GET', `/api/conversations/${conversation.id}/summary`],
    'have it summarized': () => ['POST', `/api/conversations/${conversation.id}/summary`],
    'choose a reply': () => ['PUT', `${paths().reply}/active-variant`, { variantId: reply.id }],
    'read a reply as it is made': () => ['GET', `/api/generations/${posted.generation.id}`],
    'stop a reply': () => ['POST', `/api/generations/${posted.generation.id}/cancel`],
  };

  test.each(Object.keys(hidden))('cannot %s: it is as if it did not exist', async (name) => {
    const [method, path, body] = hidden[name]!();
    const answer = await stranger.send<Problem>(method, path, body);
    expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
    expect(JSON.stringify(answer.body)).not.toContain(SECRET);
  });

  test('may see a public character, but neither change it nor read its prompt', async () => {
    const path = `/api/characters/${publicCharacter.id}`;
    expect((await stranger.get(path)).status).toBe(200);
    const attempts = [
      await stranger.patch(path, { name: 'Mine' }),
      await stranger.delete(path),
      await stranger.get(`${path}/prompt`),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403]);
  });

  test('finds nothing of it in any list, also after the owner has read and cached it', async () => {
    const lists = [
      '/api/characters',
      '/api/characters?sort=recent&limit=100',
      `/api/characters?creator=${owner.user.id}`,
      `/api/characters?q=${encodeURIComponent(SECRET)}`,
      '/api/conversations',
      `/api/conversations/search?q=${encodeURIComponent(SECRET)}`,
      `/api/conversations?characterId=${secretCharacter.id}`,
      '/api/auth/usage',
    ];
    for (const list of lists) {
      await owner.get(list);
      const { status, body } = await stranger.get(list);
      expect([list, status]).toEqual([list, 200]);
      expect(JSON.stringify(body)).not.toContain(SECRET);
      expect(JSON.stringify(body)).not.toContain(conversation.id);
    }
    expect(JSON.stringify((await stranger.get(`/api/users/${owner.user.id}`)).body)).not.toContain(
      owner.user.email,
    );
  });

  test('hears and does nothing in it over a socket', async () => {
    const socket = await LiveSocket.connect(url, stranger.token);
    const where = { conversationId: conversation.id };
    const events: [string, object][] = [
      ['conversation:join', where],
      ['message:send', { ...where, clientMessageId: '1', text: 'Hi' }],
      ['message:edit', { ...where, messageId: posted.message.id, text: 'Hi' }],
      ['message:delete', { ...where, messageId: posted.message.id }],
      ['reply:cancel', { generationId: posted.generation.id }],
      ['reply:regenerate', { messageId: posted.message.id, clientRequestId: '1' }],
      ['receipt:read', { ...where, seq: 1 }],
      ['typing:set', { ...where, typing: true }],
    ];
    for (const [event, payload] of events) {
      expect([event, await socket.ask(event, payload)]).toMatchObject([
        event,
        { ok: false, error: { status: 404 } },
      ]);
    }
    await owner.follow(expectStatus(202, await owner.say(conversation.id, SECRET)).generation);
    // Whatever was on its way has come before the answer to this.
    await socket.ask('conversation:leave', where);
    const ofOthers = socket.heard.filter(({ stream }) => stream !== `user:${stranger.user.id}`);
    expect(ofOthers.map(({ type }) => type)).toEqual(['server:hello']);
    socket.close();
  });
});
