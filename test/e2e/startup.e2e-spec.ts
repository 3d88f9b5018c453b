import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type { Conversation, Message, Person, Tokens } from '../support/api-client.js';
import { freePort } from '../support/server-process.js';
import { copyMadeDatabase, runBuilt, START_MS, startBuilt } from '../support/service.js';
import type { BuiltService, Settings } from '../support/service.js';
import type { PostgresDatabase } from '../support/postgres-server.js';
import { testServers } from '../support/test-servers.js';
import { LiveSocket, type Sent } from '../support/socket-client.js';

/** An existing data directory opens within 3 s on an idle machine; this is for busy ones. */
const RESTART_MS = 20_000;
/** Messages in flight on three ways when the process is killed. */
const ENOUGH = 50;
const UNHURRIED = { USAGE_FREE_TEXT_PER_DAY: '100000' };

let directory: string;
let dataDir: string;
/** For the starts that have nothing to do with the embedded one, which takes seconds to create. */
let database: PostgresDatabase;
let service: BuiltService;
let person: Person;
let conversation: Conversation;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rapport-e2e-'));
  dataDir = join(directory, 'data');
  database = await (await testServers.postgres()).createDatabase();
  await copyMadeDatabase(dataDir);
  service = await startBuilt(UNHURRIED, { dataDir });
  person = await newPerson(service.url);
  conversation = await person.converse((await newCharacter(person)).id);
}, START_MS);

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  rmSync(directory, { recursive: true, force: true });
}, START_MS);

/** All messages of the conversation, asked for with a new login: nothing but the data directory carries over. */
async function storedMessages(): Promise<Message[]> {
  const login = { email: person.user.email, password: person.password };
  const tokens = await new Api(service.url).post<Tokens>('/api/auth/login', login);
  const reader = new Api(service.url, expectStatus(200, tokens).accessToken);
  const all: Message[] = [];
  for (let after = 0, more = true; more;) {
    const path = `/api/conversations/${conversation.id}/messages?limit=100&after=${after}`;
    const window = await reader.get<{ items: Message[]; newestSeq: number; hasAfter: boolean }>(path);
    const { items, newestSeq, hasAfter } = expectStatus(200, window);
    all.push(...items);
    [after, more] = [newestSeq, hasAfter];
  }
  return all;
}

describe('a start that cannot work says why, what to do, and leaves with an error', () => {
  const portOf = ({ url }: BuiltService): number => Number(new URL(url).port);

  test.each<[string, () => Promise<{ settings?: Settings; dataDir?: string; port?: number }>, RegExp[]]>([
    [
      'its port is taken',
      () => Promise.resolve({ port: portOf(service), settings: { DATABASE_URL: database.url } }),
      [/Port \d+ is taken/, /PORT=/],
    ],
    [
      'another process has the data directory',
      () => Promise.resolve({ dataDir }),
      [/in use by process \d+/, /DATA_DIR|DATABASE_URL/],
    ],
    [
      'PostgreSQL does not answer',
      async () => ({
        settings: { DATABASE_URL: `postgres://me:secret@127.0.0.1:${await freePort()}/rapport` },
      }),
      [/PostgreSQL at postgres:\/\/me@127\.0\.0\.1:\d+\/rapport cannot be used/, /Start PostgreSQL/],
    ],
    [
      'several settings are wrong, all of them named at once',
      () =>
        Promise.resolve({
          settings: { LOG_LEVEL: 'loud', AI_OFFLINE_DELAY: 'soon', USAGE_FREE_TEXT_PER_DAY: '-1' },
        }),
      [/LOG_LEVEL/, /AI_OFFLINE_DELAY/, /USAGE_FREE_TEXT_PER_DAY/, /docs\/config\.md/],
    ],
    [
      'production has no secrets',
      () => Promise.resolve({ settings: { NODE_ENV: 'production' } }),
      [/AUTH_SECRET/, /PAGINATION_SECRET/, /openssl rand/],
    ],
  ])(
    'when %s',
    async (_when, faults, messages) => {
      const { settings = {}, ...options } = await faults();
      const { code, output } = await runBuilt(settings, options);
      expect({ code, output }).toEqual({ code: 1, output: expect.any(String) as string });
      for (const message of messages) expect(output).toMatch(message);
      // A reader needs no stack to correct a setting, and no log should hold a password.
      expect(output).not.toMatch(/^\s+at /m);
      expect(output).not.toContain('secret@');
    },
    START_MS,
  );

  test('and the process that was there first has not noticed', async () => {
    const text = 'Still writing';
    expectStatus(201, await person.say(conversation.id, text, { mode: 'none' }));
    expect((await storedMessages()).at(-1)?.text).toBe(text);
  });
});

test(
  'asked to stop it leaves with 0, and the data is there when it starts again',
  async () => {
    const before = await storedMessages();
    expect(await service.stop()).toBe(0);
    service = await startBuilt(UNHURRIED, { dataDir });
    expect(await storedMessages()).toEqual(before);
    process.stdout.write(`Ready on an existing data directory after ${service.readyMs} ms\n`);
    expect(service.readyMs).toBeLessThan(RESTART_MS);
    // Generated secrets are kept with the data: who was logged in still is.
    const me = await new Api(service.url, person.token).get('/api/users/me');
    expect(me.status).toBe(200);
  },
  START_MS,
);

test(
  'killed while it is being written to, it has every message that it acknowledged',
  async () => {
    const sender = person.at(service.url);
    const socket = await LiveSocket.connect(service.url, person.token);
    const acknowledged: string[] = [];
    let number = 0;
    const overHttp = async (): Promise<void> => {
      for (;;) {
        const { status, body } = await sender.say(conversation.id, `http ${(number += 1)}`, { mode: 'none' });
        if (status !== 201) throw new Error(`Answered ${status} before it was killed.`);
        acknowledged.push(body.message.id);
      }
    };
    const overSocket = async (): Promise<void> => {
      while (acknowledged.length < ENOUGH) {
        const clientMessageId = randomBytes(8).toString('hex');
        const draft = {
          conversationId: conversation.id,
          clientMessageId,
          text: 'socket',
          reply: { mode: 'none' },
        };
        acknowledged.push((await socket.get<Sent>('message:send', draft)).message.id);
      }
      await service.kill();
    };
    // The others end by the connection that breaks.
    await Promise.allSettled([overHttp(), overHttp(), overSocket()]);
    socket.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(ENOUGH);

    service = await startBuilt(UNHURRIED, { dataDir });
    const stored = new Set((await storedMessages()).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  },
  START_MS,
);

test(
  'in production it starts with secrets of its own and tells no internals',
  async () => {
    const secrets = {
      AUTH_SECRET: randomBytes(32).toString('base64'),
      PAGINATION_SECRET: randomBytes(32).toString('base64'),
    };
    const production = await startBuilt({
      NODE_ENV: 'production',
      DRAIN_DELAY: '0',
      DATABASE_URL: database.url,
      ...secrets,
    });
    const answer = await (await newPerson(production.url)).get('/api/users/me');
    expect([answer.status, answer.headers.get('server-timing')]).toEqual([200, null]);
    expect(await production.stop()).toBe(0);
  },
  START_MS,
);
