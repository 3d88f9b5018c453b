import { randomUUID } from 'node:crypto';
import { SECRET, type Caller, type World } from './world.js';

export interface Ask {
  /** Of the path; as the route names them. */
  params?: Record<string, string>;
  query?: string;
  /** JSON, or bytes with a type of their own. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Row {
  /** As the OpenAPI document names it. */
  route: string;
  /** What it is asked about, where that makes a difference. */
  about?: string;
  expected: Record<Caller, number>;
  /** Nothing but the path without it. */
  ask?: (world: World) => Ask | Promise<Ask>;
  /** Put together for every caller: one who may would leave nothing for the next. Otherwise all ask the same. */
  anew?: true;
  /** Asked by people who are not needed afterwards. */
  leaving?: true;
}

type Statuses = [anonymous: number, other: number, member: number, admin: number, owner: number];

const statuses = (...[anonymous, other, member, admin, owner]: Statuses): Row['expected'] => ({
  anonymous,
  other,
  member,
  admin,
  owner,
});
const open = (status: number): Row['expected'] => statuses(status, status, status, status, status);
const signedIn = (status: number): Row['expected'] => statuses(401, status, status, status, status);
const administrators = (status: number): Row['expected'] => statuses(401, 403, 403, status, 403);
/** To everybody else, administrators too, it does not exist. */
const ownerAlone = (status: number): Row['expected'] => statuses(401, 404, 404, 404, status);
/** Hidden from others; administrators see and change it. */
const hidden = (status: number): Row['expected'] => statuses(401, 404, 404, status, status);
/** Others see that it exists. */
const shown = (status: number): Row['expected'] => statuses(401, 403, 403, status, status);

const row = (
  route: string,
  expected: Row['expected'],
  ask?: Row['ask'],
  more: Pick<Row, 'about' | 'anew' | 'leaving'> = {},
): Row => ({ route, expected, ask, ...more });

const PNG = { 'content-type': 'image/png' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const LORE = { name: 'Lore', entries: [] };

/** One row for a private character and one for a public one, of the owner both. */
function ofCharacter(
  route: string,
  [ofPrivate, ofPublic]: [Row['expected'], Row['expected']],
  ask: (world: World, id: string) => Ask | Promise<Ask> = () => ({}),
  more: Pick<Row, 'anew'> = {},
): Row[] {
  const about = (
    visibility: 'private' | 'public',
    expected: Row['expected'],
    idOf: (world: World) => string,
  ): Row =>
    row(
      route,
      expected,
      async (world) => {
        const id = idOf(world);
        return { params: { id }, ...(await ask(world, id)) };
      },
      { about: `a ${visibility} character`, ...more },
    );
  return [
    about('private', ofPrivate, ({ secret }) => secret.id),
    about('public', ofPublic, (world) => world.shown.id),
  ];
}

const unconditionally = (body: unknown) => (): Ask => ({ body, headers: { 'if-match': '*' } });

const USERS: Row[] = [
  row('GET /api/users/me', signedIn(200)),
  row('PATCH /api/users/me', signedIn(200), () => ({ body: { bio: 'Hello' }, headers: MERGE })),
  row('DELETE /api/users/me', signedIn(202), undefined, { leaving: true }),
  row('POST /api/users/me/exports', signedIn(202), undefined, { leaving: true }),
  row('GET /api/users/me/exports/{id}', ownerAlone(200), async (world) => ({
    params: { id: await world.ownExport() },
  })),
  row('GET /api/users/me/exports/{id}/content', ownerAlone(200), async (world) => ({
    params: { id: await world.ownExport() },
  })),
  row('PUT /api/users/me/avatar', signedIn(200), async (world) => ({
    body: await world.picture(),
    headers: PNG,
  })),
  row('DELETE /api/users/me/avatar', signedIn(204)),
  row('GET /api/avatars/{token}', open(200), async (world) => ({
    params: { token: await world.avatarToken() },
  })),
  row('GET /api/users/by-username/{username}', signedIn(200), ({ owner }) => ({
    params: { username: owner.user.username },
  })),
  row('POST /api/users/username-checks', open(200), () => ({ body: { username: 'somebody' } })),
  row('POST /api/users/lookup', signedIn(200), ({ owner }) => ({ body: { ids: [owner.user.id] } })),
  row('GET /api/users/{userId}', signedIn(200), ({ owner }) => ({ params: { userId: owner.user.id } })),
  row('GET /api/admin/users/{userId}/tier', administrators(200), ({ owner }) => ({
    params: { userId: owner.user.id },
  })),
  row('PUT /api/admin/users/{userId}/tier', administrators(200), ({ owner }) => ({
    params: { userId: owner.user.id },
    body: { tier: 'free' },
  })),
];

const AUTH: Row[] = [
  row(
    'POST /api/auth/register',
    open(201),
    () => {
      const username = `n${randomUUID().replaceAll('-', '').slice(0, 16)}`;
      return { body: { email: `${username}@example.com`, username, password: `secret ${randomUUID()}` } };
    },
    { anew: true },
  ),
  row('POST /api/auth/login', open(200), ({ owner: { user, password } }) => ({
    body: { email: user.email, password },
  })),
  row('POST /api/auth/refresh', open(200), async (world) => ({ body: await world.loggedIn() }), {
    anew: true,
  }),
  row('POST /api/auth/logout', open(204), async (world) => ({ body: await world.loggedIn() }), {
    anew: true,
  }),
  row('GET /api/auth/me', signedIn(200)),
  row('GET /api/auth/api-keys', signedIn(200)),
  row('POST /api/auth/api-keys', signedIn(201), () => ({ body: { name: 'A key', scopes: ['chat'] } })),
  row('DELETE /api/auth/api-keys/{id}', ownerAlone(204), async ({ owner }) => {
    const { body } = await owner.post<{ id: string }>('/api/auth/api-keys', {
      name: 'A key',
      scopes: ['chat'],
    });
    return { params: { id: body.id } };
  }),
];

const CHARACTERS: Row[] = [
  row('GET /api/characters', signedIn(200)),
  row('POST /api/characters', signedIn(201), () => ({ body: { name: 'Eve', firstMessage: 'Hello' } })),
  row('POST /api/characters/imports', signedIn(201), () => ({
    body: { spec: 'chara_card_v2', spec_version: '2.0', data: { name: 'Eve', first_mes: 'Hello' } },
  })),
  ...ofCharacter('GET /api/characters/{id}', [hidden(200), signedIn(200)]),
  ...ofCharacter('PATCH /api/characters/{id}', [hidden(200), shown(200)], () => ({
    body: { tags: ['new'] },
    headers: MERGE,
  })),
  ...ofCharacter('PUT /api/characters/{id}', [hidden(200), shown(200)], async (world, id) => {
    const { visibility, name, firstMessage } = (
      await world.owner.get<{ visibility: string; name: string; firstMessage: string }>(
        `/api/characters/${id}`,
      )
    ).body;
    return { body: { name, firstMessage, visibility } };
  }),
  row(
    'DELETE /api/characters/{id}',
    hidden(204),
    async (world) => ({
      params: { id: (await world.character()).id },
    }),
    { anew: true },
  ),
  ...ofCharacter('GET /api/characters/{id}/export', [hidden(200), shown(200)], () => ({
    query: 'format=json',
  })),
  ...ofCharacter('GET /api/characters/{id}/stats', [hidden(200), signedIn(200)]),
  ...ofCharacter('GET /api/characters/{id}/prompt', [hidden(200), shown(200)]),
  ...ofCharacter(
    'PUT /api/characters/{id}/prompt',
    [hidden(200), shown(200)],
    unconditionally({ system: 'Be' }),
  ),
  ...ofCharacter('POST /api/characters/{id}/prompt/preview', [hidden(200), shown(200)], () => ({ body: {} })),
  ...ofCharacter('GET /api/ai/characters/{id}/compiled-prompt', [hidden(200), shown(200)]),
  ...ofCharacter('GET /api/characters/{id}/personality', [hidden(200), signedIn(200)]),
  ...ofCharacter(
    'PUT /api/characters/{id}/personality',
    [hidden(200), shown(200)],
    unconditionally({ tone: 'calm' }),
  ),
  ...ofCharacter('GET /api/characters/{id}/lorebook', [hidden(200), shown(200)]),
  ...ofCharacter('PUT /api/characters/{id}/lorebook', [hidden(200), shown(200)], unconditionally(LORE)),
  ...ofCharacter('GET /api/characters/{id}/gallery', [hidden(200), signedIn(200)]),
  ...ofCharacter('POST /api/characters/{id}/gallery', [hidden(201), shown(201)], async (world) => ({
    body: await world.picture(),
    headers: PNG,
  })),
  ...ofCharacter(
    'GET /api/characters/{id}/gallery/{assetId}/content',
    [hidden(200), signedIn(200)],
    async (world, id) => ({
      params: { id, assetId: await world.asset(id) },
    }),
  ),
  ...ofCharacter(
    'DELETE /api/characters/{id}/gallery/{assetId}',
    [hidden(204), shown(204)],
    async (world, id) => ({
      params: { id, assetId: await world.asset(id) },
    }),
    { anew: true },
  ),
];

const inTalk =
  (more: Ask = {}, reply: 'none' | 'stream' = 'none'): Row['ask'] =>
  async (world) => {
    const talk = await world.talk(reply);
    const { id } = talk.conversation;
    return { params: { id, conversationId: id, messageId: (talk.reply ?? talk.message).id }, ...more };
  };
const onMessage =
  (more: Ask = {}): Row['ask'] =>
  async (world) => {
    const { conversation, message } = await world.talk('stream');
    return { params: { conversationId: conversation.id, messageId: message.id }, ...more };
  };
const onGeneration: Row['ask'] = async (world) => ({
  params: { id: (await world.talk('stream')).generationId },
});
const MESSAGES = '/api/conversations/{conversationId}/messages';

const CONVERSATIONS: Row[] = [
  row('GET /api/conversations', signedIn(200)),
  row('GET /api/conversations/search', signedIn(200), () => ({ query: `q=${encodeURIComponent(SECRET)}` })),
  row('POST /api/conversations', hidden(201), ({ secret }) => ({ body: { characterId: secret.id } }), {
    about: 'a private character',
  }),
  row('POST /api/conversations', signedIn(201), (world) => ({ body: { characterId: world.shown.id } }), {
    about: 'a public character',
  }),
  row('GET /api/conversations/{id}', ownerAlone(200), inTalk()),
  row('PATCH /api/conversations/{id}', ownerAlone(200), inTalk({ body: { title: 'New' }, headers: MERGE })),
  row('DELETE /api/conversations/{id}', ownerAlone(204), inTalk()),
  row('GET /api/conversations/{id}/metadata', ownerAlone(200), inTalk()),
  row('PUT /api/conversations/{id}/metadata', ownerAlone(200), inTalk({ body: { mood: 'calm' } })),
  row('PUT /api/conversations/{id}/read', ownerAlone(200), inTalk({ body: { seq: 1 } })),
  row('GET /api/conversations/{id}/context', ownerAlone(200), inTalk()),
  row('GET /api/conversations/{conversationId}/summary', ownerAlone(200), async (world) => ({
    params: { conversationId: await world.summarized() },
  })),
  row('POST /api/conversations/{conversationId}/summary', ownerAlone(202), inTalk({}, 'stream')),
  row(`GET ${MESSAGES}`, ownerAlone(200), inTalk()),
  row(`POST ${MESSAGES}`, ownerAlone(201), async (world) => ({
    params: { conversationId: (await world.talk()).conversation.id },
    body: { clientMessageId: randomUUID(), text: 'Hello', reply: { mode: 'none' } },
  })),
  row(
    `PATCH ${MESSAGES}/{messageId}`,
    ownerAlone(200),
    onMessage({ body: { text: 'Other' }, headers: MERGE }),
  ),
  row(`DELETE ${MESSAGES}/{messageId}`, ownerAlone(204), onMessage()),
  row(`GET ${MESSAGES}/{messageId}/revisions`, ownerAlone(200), onMessage()),
  row(`GET ${MESSAGES}/{messageId}/variants`, ownerAlone(200), inTalk({}, 'stream')),
  row(`POST ${MESSAGES}/{messageId}/regenerations`, ownerAlone(202), inTalk({ body: {} }, 'stream')),
  row(`PUT ${MESSAGES}/{messageId}/active-variant`, ownerAlone(200), async (world) => {
    const { conversation, reply } = await world.talk('stream');
    const id = reply?.id ?? '';
    return { params: { conversationId: conversation.id, messageId: id }, body: { variantId: id } };
  }),
  row('GET /api/generations/{id}', ownerAlone(200), onGeneration),
  row('GET /api/generations/{id}/events', ownerAlone(200), onGeneration),
  row('POST /api/generations/{id}/cancel', ownerAlone(409), onGeneration, {
    about: 'a reply that has ended',
  }),
];

const JOBS: Row[] = [
  row('GET /api/jobs/{id}', ownerAlone(200), async (world) => ({ params: { id: await world.job() } })),
  row('GET /api/jobs/{id}/events', ownerAlone(200), async (world) => ({ params: { id: await world.job() } })),
  row('POST /api/jobs/{id}/cancel', ownerAlone(202), async (world) => ({
    params: { id: await world.job() },
  })),
];

const ofShown = (world: World): Ask => ({ params: { characterId: world.shown.id } });

const USAGE: Row[] = [
  row('GET /api/auth/usage', signedIn(200)),
  row('GET /api/usage/characters/{characterId}', signedIn(200), ofShown),
  row('GET /api/usage/aggregates', signedIn(200)),
  row('GET /api/usage/analytics/messages', signedIn(200), undefined, { about: 'one’s own' }),
  row('GET /api/usage/analytics/messages', administrators(200), () => ({ query: 'scope=all' }), {
    about: 'everybody’s',
  }),
  row('GET /api/usage/analytics/daily-active-users', administrators(200)),
  row('POST /api/usage/reservations', administrators(201), (world) => ({
    body: { characterId: world.shown.id, kind: 'text' },
  })),
  row('POST /api/usage/reservations/{reservationId}/commit', administrators(200), async (world) => ({
    params: { reservationId: await world.reservation() },
    body: { eventId: randomUUID() },
  })),
  row('POST /api/usage/reservations/{reservationId}/release', administrators(204), async (world) => ({
    params: { reservationId: await world.reservation() },
  })),
];

const CHAT = { messages: [{ role: 'user', content: 'Hello' }] };

const AI: Row[] = [
  row('GET /api/ai/models', signedIn(200)),
  row('POST /api/ai/analyses', administrators(200), () => ({
    body: { text: 'Hello', kinds: ['sentiment'] },
  })),
  row('POST /api/ai/personalities', administrators(200), (world) => ({
    body: { characterId: world.shown.id, text: 'Hello there' },
  })),
  row('POST /api/ai/completions', administrators(200), (world) => ({
    body: { characterId: world.shown.id, messages: [{ role: 'user', text: 'Hello' }] },
  })),
  row('DELETE /api/ai/caches/prompts', administrators(204)),
  row('DELETE /api/ai/caches/personalities', administrators(204)),
  row('DELETE /api/ai/caches/analyses', administrators(204)),
  row('GET /openai/v1/models', signedIn(200)),
  row(
    'GET /openai/v1/models/{model}',
    hidden(200),
    ({ secret }) => ({ params: { model: `character:${secret.id}` } }),
    {
      about: 'a private character',
    },
  ),
  row(
    'POST /openai/v1/chat/completions',
    hidden(200),
    ({ secret }) => ({
      body: { model: `character:${secret.id}`, ...CHAT },
    }),
    { about: 'a private character' },
  ),
  row(
    'POST /openai/v1/chat/completions',
    signedIn(200),
    (world) => ({
      body: { model: `character:${world.shown.id}`, ...CHAT },
    }),
    { about: 'a public character' },
  ),
];

const OPERATIONS: Row[] = [
  row('GET /livez', open(200)),
  row('GET /startupz', open(200)),
  row('GET /readyz', open(200)),
  row('GET /metrics', open(200)),
  row('GET /api/health', open(200)),
  row('GET /api/cache/stats', signedIn(200)),
  row('GET /api/admin/cache-stats', administrators(200)),
  row('POST /api/cache/invalidate', administrators(202), () => ({ body: { prefix: 'character:stats' } })),
];

const EXTRACTIONS: Row[] = [
  // Nobody has connected anything.
  row('GET /api/connectors/rate-limits', signedIn(200)),
  row('POST /api/connectors/{platform}/jobs', signedIn(424), () => ({
    params: { platform: 'github' },
    body: { kind: 'code' },
  })),
  row('POST /api/connectors/{platform}/reset', signedIn(202), () => ({ params: { platform: 'github' } })),
  row('POST /api/connectors/reset/{userId}', hidden(200), ({ owner }) => ({
    params: { userId: owner.user.id },
  })),
  row('GET /api/connectors/profile', signedIn(200)),
  row('GET /api/soul-signature', signedIn(404)),
  row('POST /api/soul-signature/computations', signedIn(202)),
  row('GET /api/extraction-jobs', signedIn(200)),
  row('GET /api/extraction-jobs/{jid}', ownerAlone(200), async (world) => ({
    params: { jid: await world.extraction() },
  })),
  row('GET /api/extraction-jobs/{jid}/events', ownerAlone(200), async (world) => ({
    params: { jid: await world.extraction() },
  })),
  row('POST /api/extraction-jobs/{jid}/cancel', ownerAlone(202), async (world) => ({
    params: { jid: await world.extraction() },
  })),
];

const CONNECTIONS: Row[] = [
  row('GET /api/connectors', signedIn(200)),
  row('GET /api/connectors/{platform}', signedIn(200), () => ({ params: { platform: 'spotify' } })),
  row('GET /api/connectors/status/{userId}', hidden(200), ({ owner }) => ({
    params: { userId: owner.user.id },
  })),
  row('POST /api/connectors/{platform}/authorizations', signedIn(201), ({ url }) => ({
    params: { platform: 'spotify' },
    body: { returnUrl: `${url}/` },
  })),
  // Nobody knows the state.
  row('GET /api/connectors/{platform}/callback', open(400), () => ({
    params: { platform: 'spotify' },
    query: 'state=none&code=none',
  })),
  row('POST /api/connectors/callback', signedIn(400), () => ({ body: { state: 'none', code: 'none' } })),
  row('DELETE /api/connectors/{platform}', signedIn(204), () => ({ params: { platform: 'spotify' } })),
  row('DELETE /api/connectors/{provider}/{userId}', hidden(200), ({ owner }) => ({
    params: { provider: 'spotify', userId: owner.user.id },
  })),
];

/** Every route for everybody. A route that is not here fails a test. */
export const HTTP_MATRIX: Row[] = [
  ...USERS,
  ...AUTH,
  ...CHARACTERS,
  ...CONVERSATIONS,
  ...JOBS,
  ...CONNECTIONS,
  ...EXTRACTIONS,
  ...USAGE,
  ...AI,
  ...OPERATIONS,
];
