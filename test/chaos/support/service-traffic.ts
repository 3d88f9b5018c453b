import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Api,
  expectStatus,
  newCharacter,
  newPerson,
  type Answer,
  type Conversation,
  type Person,
} from '../../support/api-client.js';
import { LiveSocket } from '../../support/socket-client.js';

const LOOK_EVERY_MS = 50;

/** One request as its caller saw it. */
export interface Sample {
  route: string;
  status: number;
  /** Since the run began. */
  at: number;
  ms: number;
  /** What `X-Degraded` named; undefined where there are no headers. */
  degraded?: string[];
  /** Of a refusal. */
  problem?: unknown;
}

interface Caller {
  person: Person;
  characterId: string;
  /** Where the socket sends. */
  conversationId: string;
  socket: LiveSocket;
}

interface Outcome {
  status: number;
  degraded?: string[];
  problem?: unknown;
}

/** People who do, one thing after the other, whatever needs no lock; on several instances at a time. */
export class ServiceTraffic {
  /** Client ids of the messages that the service said it stored. */
  readonly sent: string[] = [];
  private samples: Sample[] = [];

  private constructor(
    private readonly urls: readonly string[],
    private readonly callers: readonly Caller[],
    /** The first caller's second device, at the last instance. */
    private readonly elsewhere: LiveSocket,
    private readonly pauseMs: number,
  ) {}

  /** @param pauseMs what a caller rests at most between two requests */
  static async start(
    urls: readonly [string, ...string[]],
    callersEach: number,
    pauseMs = 0,
  ): Promise<ServiceTraffic> {
    const places = Array.from({ length: callersEach }, () => urls).flat();
    const callers = await Promise.all(places.map(newCaller));
    const [{ person, conversationId }] = callers as [Caller];
    const elsewhere = await LiveSocket.connect(urls.at(-1)!, person.token);
    await elsewhere.get('conversation:join', { conversationId });
    return new ServiceTraffic(urls, callers, elsewhere, pauseMs);
  }

  /** Everybody goes on for so long, and so often at least; what they met with. */
  async run(forMs: number, rounds: number): Promise<Sample[]> {
    const start = performance.now();
    this.samples = [];
    await Promise.all(
      this.callers.map(async (caller) => {
        for (let done = 0; done < rounds || performance.now() < start + forMs; done++)
          await this.round(caller, start);
      }),
    );
    return this.samples;
  }

  /** Milliseconds until every instance answers without `X-Degraded`; at most `giveUpMs`. */
  async untilNotDegraded(giveUpMs: number): Promise<number> {
    const start = performance.now();
    const degraded = async (url: string): Promise<boolean> =>
      (await new Api(url).get('/livez')).headers.has('x-degraded');
    while (performance.now() < start + giveUpMs) {
      if (!(await Promise.all(this.urls.map(degraded))).includes(true)) break;
      await sleep(LOOK_EVERY_MS);
    }
    return performance.now() - start;
  }

  /** Milliseconds until what is sent at the first instance is heard at the last one; at most `giveUpMs`. */
  async untilShared(giveUpMs: number): Promise<number> {
    const start = performance.now();
    const [{ person, conversationId }] = this.callers as [Caller];
    const messages = new Set<string>();
    while (performance.now() < start + giveUpMs) {
      const id = randomUUID();
      const posted = expectStatus(
        201,
        await person.say(conversationId, 'Still there?', { mode: 'none' }, id),
      );
      this.sent.push(id);
      messages.add(posted.message.id);
      await sleep(LOOK_EVERY_MS);
      if (this.elsewhere.heard.some(({ data }) => messages.has(data?.message?.id ?? ''))) break;
    }
    return performance.now() - start;
  }

  stop(): void {
    this.elsewhere.close();
    for (const { socket } of this.callers) socket.close();
  }

  private async round({ person, characterId, conversationId, socket }: Caller, start: number): Promise<void> {
    const get = (route: string, path: string): Promise<Answer> =>
      this.request(route, start, () => person.get(path));
    const post = <Body>(route: string, path: string, body: unknown): Promise<Answer<Body>> =>
      this.request(route, start, () => person.post<Body>(path, body));

    const name = `t${randomUUID().replaceAll('-', '').slice(0, 16)}`;
    const login = { email: `${name}@example.com`, password: person.password };
    await post('register', '/api/auth/register', { ...login, username: name });
    await post('login', '/api/auth/login', login);
    await get('me', '/api/auth/me');
    await get('characters', '/api/characters');
    await get('character', `/api/characters/${characterId}`);
    const { body } = await post<Conversation>('converse', '/api/conversations', { characterId });
    await get('conversations', '/api/conversations');
    await get('conversation', `/api/conversations/${conversationId}`);
    for (const mode of ['none', 'sync', 'stream']) {
      await this.send(`send ${mode}`, start, async (clientMessageId) => {
        const draft = { clientMessageId, text: 'Hello.', reply: { mode } };
        return outcomeOf(await person.post(`/api/conversations/${body.id}/messages`, draft));
      });
    }
    await get('usage', `/api/usage/characters/${characterId}`);
    await get('health', '/api/health');
    await this.send('socket send', start, async (clientMessageId) => {
      const draft = { clientMessageId, conversationId, text: 'Hello.', reply: { mode: 'none' } };
      const ack = await socket.ask('message:send', draft);
      return ack.ok ? { status: 200 } : { status: ack.error.status, problem: ack.error };
    });
  }

  private async send(
    route: string,
    start: number,
    send: (clientMessageId: string) => Promise<Outcome>,
  ): Promise<void> {
    const id = randomUUID();
    const { status } = await this.timed(
      route,
      start,
      () => send(id),
      (outcome) => outcome,
    );
    if (status < 400) this.sent.push(id);
  }

  private request<Body>(
    route: string,
    start: number,
    ask: () => Promise<Answer<Body>>,
  ): Promise<Answer<Body>> {
    return this.timed(route, start, ask, outcomeOf);
  }

  private async timed<T>(
    route: string,
    start: number,
    work: () => Promise<T>,
    outcome: (result: T) => Outcome,
  ): Promise<T> {
    if (this.pauseMs > 0) await sleep(this.pauseMs * Math.random());
    const begun = performance.now();
    const result = await work();
    const ms = performance.now() - begun;
    this.samples.push({ route, at: begun - start, ms, ...outcome(result) });
    return result;
  }
}

const outcomeOf = ({ status, headers, body }: Answer<unknown>): Outcome => ({
  status,
  degraded: headers.get('x-degraded')?.split(',') ?? [],
  ...(status >= 400 ? { problem: body } : {}),
});

async function newCaller(url: string): Promise<Caller> {
  const person = await newPerson(url);
  const { id: characterId } = await newCharacter(person);
  const { id: conversationId } = await person.converse(characterId);
  return { person, characterId, conversationId, socket: await LiveSocket.connect(url, person.token) };
}
