import { randomUUID } from 'node:crypto';
import { EventSourceParserStream } from 'eventsource-parser/stream';

const DEADLINE_MS = 20_000;

/** An answer of the service, read to its end. */
export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
  /** Database statements, as `Server-Timing` tells; NaN when it does not. */
  queries: number;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
  instance: string;
  retryAfterMs?: number;
  errors?: { pointer: string; code: string; detail: string }[];
  [member: string]: unknown;
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

export interface User {
  id: string;
  username: string;
  displayName: string;
  email: string;
}

export interface Character {
  id: string;
  name: string;
  firstMessage: string;
  version: number;
}

export interface Message {
  id: string;
  conversationId: string;
  seq: number;
  role: 'user' | 'character';
  text: string;
  status: string;
  parentId: string | null;
  clientMessageId: string | null;
  generationId: string | null;
  finishReason: string | null;
  editedAt: string | null;
}

export interface Conversation {
  id: string;
  characterId: string;
  title: string;
  lastMessagePreview: string;
  lastSeq: number;
  readSeq: number;
  unread: number;
  greeting: Message | null;
}

export interface Generation {
  id: string;
  status: string;
  eventsUrl: string;
  text: string;
}

export interface Posted {
  message: Message;
  generation: Generation;
  reply: Message;
  usage: { promptTokens: number; completionTokens: number };
}

export interface Usage {
  counters: Record<
    'text' | 'audio' | 'media',
    { used: number; reserved: number; limit: number | null; remaining: number | null }
  >;
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface ServerEvent {
  id: string | undefined;
  event: string;
  data: {
    generationId: string;
    messageId?: string;
    offset?: number;
    text?: string;
    finishReason?: string;
    message?: Message;
    error?: Problem;
  };
}

export interface EventStream {
  status: number;
  headers: Headers;
  events: AsyncIterable<ServerEvent>;
}

/** The REST API as one caller; every request has a deadline. */
export class Api {
  constructor(
    readonly url: string,
    readonly token?: string,
  ) {}

  get<Body>(path: string, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    return this.send('GET', path, undefined, headers);
  }

  post<Body>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    return this.send('POST', path, body, headers);
  }

  put<Body>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    return this.send('PUT', path, body, headers);
  }

  patch<Body>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    return this.send('PATCH', path, body, { 'content-type': 'application/merge-patch+json', ...headers });
  }

  delete<Body>(path: string, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    return this.send('DELETE', path, undefined, headers);
  }

  /** As it is: for bodies that are not JSON. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token && !headers.has('authorization')) headers.set('authorization', `Bearer ${this.token}`);
    return fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(DEADLINE_MS), ...init, headers });
  }

  async send<Body>(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await this.fetch(path, {
      method,
      headers: { ...json, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const timing = /db;desc="(\d+) quer/.exec(response.headers.get('server-timing') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
      queries: Number(timing?.[1] ?? NaN),
    };
  }

  /** Server-sent events, parsed by a parser that is not the service's. */
  async events(path: string, init: RequestInit = {}): Promise<EventStream> {
    const headers = { accept: 'text/event-stream', ...(init.headers as Record<string, string>) };
    const response = await this.fetch(path, { ...init, headers });
    return { status: response.status, headers: response.headers, events: parse(response) };
  }
}

async function* parse({ body }: Response): AsyncGenerator<ServerEvent> {
  if (!body) return;
  const events = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream());
  for await (const { id, event = 'message', data } of events) {
    yield { id, event, data: JSON.parse(data) as ServerEvent['data'] };
  }
}

/** What was streamed of one reply, from its beginning to its terminal event. */
export interface StreamedReply {
  events: ServerEvent[];
  text: string;
  last: ServerEvent;
}

/** @param before what was read of it from another stream that broke */
export async function readReply(
  { events }: EventStream,
  before: readonly ServerEvent[] = [],
): Promise<StreamedReply> {
  const all = [...before];
  for await (const event of events) all.push(event);
  const last = all.at(-1);
  if (!last) throw new Error('The stream ended without an event.');
  return { events: all, text: saidIn(all.map(({ event, data }) => [event, data])), last };
}

/**
 * What a reply's events say, as clients read them: a delta goes on at its offset, once more without harm; a snapshot,
 * from a server whose log was slow, says all of it.
 *
 * @throws at a hole
 */
export function saidIn(events: readonly (readonly [type: string, data: ServerEvent['data']])[]): string {
  let said = '';
  for (const [type, { offset = 0, text = '' }] of events) {
    if (type === 'reply.snapshot') said = text;
    if (type !== 'reply.delta') continue;
    if (offset > said.length) throw new Error(`A delta at ${offset} follows ${said.length} characters.`);
    said = said.slice(0, offset) + text + said.slice(offset + text.length);
  }
  return said;
}

/** Somebody with an account. */
export class Person extends Api {
  constructor(
    url: string,
    token: string,
    readonly user: User,
    readonly password: string,
  ) {
    super(url, token);
  }

  /** The same person, through another instance. */
  at(url: string): Person {
    return new Person(url, this.token as string, this.user, this.password);
  }

  async converse(characterId: string): Promise<Conversation> {
    return expectStatus(201, await this.post<Conversation>('/api/conversations', { characterId }));
  }

  say(
    conversationId: string,
    text: string,
    reply?: Record<string, unknown>,
    clientMessageId: string = randomUUID(),
  ): Promise<Answer<Posted>> {
    return this.post(`/api/conversations/${conversationId}/messages`, {
      clientMessageId,
      text,
      ...(reply ? { reply } : {}),
    });
  }

  async follow({ eventsUrl }: Pick<Generation, 'eventsUrl'>): Promise<StreamedReply> {
    return readReply(await this.events(eventsUrl));
  }

  async messages(conversationId: string): Promise<Message[]> {
    const path = `/api/conversations/${conversationId}/messages`;
    return expectStatus(200, await this.get<{ items: Message[] }>(path)).items;
  }

  async usageOf(characterId: string): Promise<Usage['counters']['text']> {
    const usage = await this.get<Usage>(`/api/usage/characters/${characterId}`);
    return expectStatus(200, usage).counters.text;
  }
}

/** The body of an answer with that status; anything else fails with the whole answer. */
export function expectStatus<Body>(status: number, answer: Answer<Body>): Body {
  if (answer.status === status) return answer.body;
  throw new Error(`Expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** A new account, ready to act. */
export async function newPerson(url: string): Promise<Person> {
  const name = `p${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const password = `secret ${randomUUID()}`;
  const account = { email: `${name}@example.com`, password, username: name };
  const registered = await new Api(url).post<Tokens & { user: User }>('/api/auth/register', account);
  const { accessToken, user } = expectStatus(201, registered);
  return new Person(url, accessToken, user, password);
}

/** A public character of that person. */
export async function newCharacter(owner: Person, name = 'Ada'): Promise<Character> {
  const character = { name, firstMessage: `Hello, {{user}}, I am ${name}.`, visibility: 'public' };
  return expectStatus(201, await owner.post<Character>('/api/characters', character));
}
