import { Readable } from 'node:stream';
import type { ResponseBody } from './stored-response.js';

/** What Fastify's reply and Express's response have in common. */
export interface PlatformResponse {
  statusCode: number;
  getHeader(name: string): number | string | string[] | undefined;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  send: (body?: unknown) => unknown;
}

interface RawResponse {
  readonly req: { readonly method?: string };
  once(event: 'close' | 'pipe', listener: () => void): RawResponse;
}

/** Node's own response. */
const rawOf = (response: PlatformResponse): RawResponse =>
  isFastify(response) ? response.raw : (response as PlatformResponse & RawResponse);

/** A header as one text, absent when it is not set. */
export function responseHeader(response: PlatformResponse, name: string): string | undefined {
  const value = response.getHeader(name);
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Sends this content, whatever the interceptors further out make of the value they are given. */
export function replaceContent(
  response: PlatformResponse,
  body: ResponseBody,
  headers: Readonly<Record<string, string>>,
): void {
  const send = response.send;
  let sent = false;
  // What comes after the first is the report of an error while sending.
  response.send = (later) => {
    if (sent) return send.call(response, later);
    sent = true;
    for (const name in headers) response.header(name, headers[name]!);
    return send.call(response, body ?? nothing(response));
  };
}

/** What to send for no content. Fastify gives a HEAD without a payload the length 0, unless it is an empty stream. */
const nothing = (response: PlatformResponse): Readable | undefined =>
  isFastify(response) && response.raw.req.method === 'HEAD' ? Readable.from([]) : undefined;

/** Sees the body before it goes out, and says what goes out instead. */
export type OnBody = (body: ResponseBody) => ResponseBody;

/**
 * Takes the place of the response's own `send`, the one point that every response passes after all interceptors and
 * serialisers. Of the two callbacks one is called, once: `onNone` when there is nothing to see, because the body is a
 * stream, the handler chose a serialiser of its own, or the client went away. What is returned calls it off.
 */
export function captureBody(response: PlatformResponse, onBody: OnBody, onNone: () => void): () => void {
  let seen = false;
  const see: OnBody = (body) => {
    if (seen) return body;
    seen = true;
    return onBody(body);
  };
  const none = (): void => {
    if (!seen) onNone();
    seen = true;
  };
  if (isFastify(response)) captureFastify(response, see, none);
  else captureExpress(response, see);
  // A stream may take its time; what waits for the response should not.
  rawOf(response).once('pipe', none).once('close', none);
  return () => {
    seen = true;
  };
}

type Serializer = (payload: unknown) => ResponseBody;
type Replacement = (payload: unknown) => unknown;

interface FastifyLikeReply extends PlatformResponse {
  readonly raw: RawResponse;
  serialize: Serializer;
  serializer: (serialize: Replacement | null) => unknown;
}

const isFastify = (response: PlatformResponse): response is FastifyLikeReply => 'raw' in response;

function captureFastify(reply: FastifyLikeReply, see: OnBody, none: () => void): void {
  const { send, serializer } = reply;
  let sent = false;
  let ownSerializer = false;
  reply.serializer = (serialize) => {
    ownSerializer = true;
    return serializer.call(reply, serialize);
  };
  reply.send = (payload) => {
    if (sent) return send.call(reply, payload);
    sent = true;
    if (ownSerializer) none();
    else if (payload === undefined || isContent(payload)) {
      setDefaultType(reply, payload, 'text/plain; charset=utf-8');
      return send.call(reply, see(contentOf(payload)) ?? nothing(reply));
    } else if (becomesJson(reply, payload)) {
      // Runs where JSON is made: `preSerialization` hooks and the route's schema still have their say.
      serializer.call(reply, (value) => {
        serializer.call(reply, null);
        return see(reply.serialize(value)) ?? nothing(reply);
      });
    } else none();
    return send.call(reply, payload);
  };
}

/** Whether Fastify would turn the payload into JSON; sets the type that it would set. */
function becomesJson(reply: PlatformResponse, payload: unknown): boolean {
  if (payload instanceof Error || payload instanceof Response || isStream(payload)) return false;
  const type = responseHeader(reply, 'content-type');
  if (type !== undefined && !type.includes('json')) return false;
  if (!type?.includes('charset'))
    reply.header('content-type', `${type ?? 'application/json'}; charset=utf-8`);
  return true;
}

function captureExpress(response: PlatformResponse, see: OnBody): void {
  const { send } = response;
  let sent = false;
  response.send = (body) => {
    // An object is turned into JSON first, and comes back as text.
    if (sent || (body != null && !isContent(body))) return send.call(response, body);
    sent = true;
    setDefaultType(response, body, 'text/html; charset=utf-8');
    return send.call(response, see(contentOf(body)) ?? nothing(response));
  };
}

/** The type that the platform would set, so that it is stored too. */
function setDefaultType(response: PlatformResponse, body: unknown, textType: string): void {
  if (body == null || response.getHeader('content-type') !== undefined) return;
  response.header('content-type', typeof body === 'string' ? textType : 'application/octet-stream');
}

const isContent = (payload: unknown): payload is string | Uint8Array =>
  typeof payload === 'string' || payload instanceof Uint8Array;

/** The bytes of another kind of array are sent, not its elements. */
function contentOf(payload: unknown): ResponseBody {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return payload;
  if (!(payload instanceof Uint8Array)) return null;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

function isStream(payload: unknown): boolean {
  const { pipe, getReader } = (payload ?? {}) as Record<string, unknown>;
  return typeof pipe === 'function' || typeof getReader === 'function';
}
