import { randomUUID } from 'node:crypto';
import type { Caller, World } from './world.js';

/** Of the ack; nobody connects anonymously. */
type Expected = Record<Exclude<Caller, 'anonymous'>, 'ok' | number>;

export interface EventRow {
  event: string;
  expected: Expected;
  payload?: (world: World, caller: Exclude<Caller, 'anonymous'>) => object | Promise<object>;
}

export interface StreamRow {
  /** Of the streams `<kind>:<id>`. */
  kind: string;
  about: string;
  /** Who may follow it. */
  expected: Record<Exclude<Caller, 'anonymous'>, 'followed' | 'forbidden'>;
  id: (world: World) => string | Promise<string>;
}

const everybody: Expected = { other: 'ok', member: 'ok', admin: 'ok', owner: 'ok' };
const ownerAlone = (owner: 'ok' | number = 'ok'): Expected => ({
  other: 404,
  member: 404,
  admin: 404,
  owner,
});

const inTalk =
  (more: () => object = () => ({})): EventRow['payload'] =>
  async (world) => {
    const { conversation, message } = await world.sharedTalk();
    return { conversationId: conversation.id, messageId: message.id, ...more() };
  };
const inConversation =
  (more: () => object = () => ({})): EventRow['payload'] =>
  async (world) => ({ conversationId: (await world.sharedTalk()).conversation.id, ...more() });

/** Every event that a client may send. One that is not here fails a test. */
export const SOCKET_MATRIX: EventRow[] = [
  { event: 'conversation:join', expected: ownerAlone(), payload: inConversation() },
  { event: 'conversation:leave', expected: everybody, payload: inConversation() },
  {
    event: 'message:send',
    expected: ownerAlone(),
    payload: inConversation(() => ({
      clientMessageId: randomUUID(),
      text: 'Hello',
      reply: { mode: 'none' },
    })),
  },
  { event: 'message:edit', expected: ownerAlone(), payload: inTalk(() => ({ text: 'Other' })) },
  { event: 'receipt:read', expected: ownerAlone(), payload: inConversation(() => ({ seq: 1 })) },
  { event: 'typing:set', expected: ownerAlone(), payload: inConversation(() => ({ typing: true })) },
  {
    event: 'reply:regenerate',
    expected: ownerAlone(),
    payload: async (world) => ({
      messageId: (await world.sharedTalk()).reply?.id,
      clientRequestId: randomUUID(),
    }),
  },
  {
    event: 'reply:cancel',
    expected: ownerAlone(409),
    payload: async (world) => ({ generationId: (await world.sharedTalk()).generationId }),
  },
  { event: 'message:delete', expected: ownerAlone(), payload: inTalk() },
  { event: 'presence:set', expected: everybody, payload: () => ({ state: 'idle' }) },
  { event: 'presence:ping', expected: everybody },
  {
    event: 'auth:refresh',
    expected: everybody,
    payload: (world, caller) => ({ token: world.people[caller].token }),
  },
  {
    event: 'auth:refresh',
    expected: { other: 403, member: 403, admin: 403, owner: 'ok' },
    payload: (world) => ({ token: world.owner.token }),
  },
  // Whether each stream may be followed is in the answer: see below.
  {
    event: 'sync:resume',
    expected: everybody,
    payload: () => ({ streams: [{ stream: `user:${randomUUID()}` }] }),
  },
  { event: 'sync:ack', expected: everybody, payload: () => ({ stream: `user:${randomUUID()}`, seq: 1 }) },
];

const toOwner: StreamRow['expected'] = {
  other: 'forbidden',
  member: 'forbidden',
  admin: 'forbidden',
  owner: 'followed',
};

/** Every kind of stream. One that is not here fails a test. */
export const STREAM_MATRIX: StreamRow[] = [
  { kind: 'user', about: 'of the owner', expected: toOwner, id: ({ owner }) => owner.user.id },
  {
    kind: 'conversation',
    about: 'of the owner',
    expected: toOwner,
    id: async (world) => (await world.sharedTalk()).conversation.id,
  },
  {
    kind: 'generation',
    about: 'of a reply to the owner',
    expected: toOwner,
    id: async (world) => (await world.sharedTalk()).generationId,
  },
  { kind: 'job', about: 'that the owner ordered', expected: toOwner, id: (world) => world.job() },
  {
    kind: 'character',
    about: 'a private one of the owner',
    expected: { ...toOwner, admin: 'followed' },
    id: ({ secret }) => secret.id,
  },
  {
    kind: 'character',
    about: 'a public one of the owner',
    expected: { other: 'followed', member: 'followed', admin: 'followed', owner: 'followed' },
    id: (world) => world.shown.id,
  },
];
