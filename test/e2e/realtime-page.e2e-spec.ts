import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newCharacter, newPerson, type Conversation, type Person } from '../support/api-client.js';
import { eventually } from '../support/eventually.js';
import { copyMadeDatabase, START_MS, startBuilt, type BuiltService } from '../support/service.js';
import { freePort } from '../support/server-process.js';

/** Kills and starts the service behind the program's back; it keeps its port, its directory and its secrets. */
describe('the client in docs/realtime.md', () => {
  const directory = mkdtempSync(join('node_modules/.cache', 'realtime-page-'));
  const dataDir = resolve(directory, 'data');
  let service: BuiltService;
  let person: Person;
  let conversation: Conversation;
  let client: ChildProcess;
  let printed = '';

  const start = async (port: number): Promise<BuiltService> => startBuilt({}, { port, dataDir });
  const send = async (text: string): Promise<void> => {
    const body = { clientMessageId: randomUUID(), text, reply: { mode: 'none' } };
    const path = `/api/conversations/${conversation.id}/messages`;
    expect((await person.post(path, body)).status).toBe(201);
  };
  const prints = (text: string): Promise<true> =>
    eventually(`"${text}" from the client`, () => Promise.resolve(printed.includes(text) || undefined));

  beforeAll(async () => {
    const port = await freePort();
    await copyMadeDatabase(dataDir);
    service = await start(port);
    person = await newPerson(service.url);
    conversation = await person.converse((await newCharacter(person)).id);
    const [, program = ''] = /```js\n([^]*?)```/.exec(readFileSync('docs/realtime.md', 'utf8')) ?? [];
    const file = join(directory, 'client.mjs');
    writeFileSync(file, program);
    client = spawn(process.execPath, [file], {
      env: {
        PATH: process.env.PATH,
        RAPPORT_URL: service.url,
        RAPPORT_TOKEN: person.token,
        CONVERSATION_ID: conversation.id,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of [client.stdout, client.stderr])
      output?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  }, START_MS);
  afterAll(async () => {
    client.kill('SIGKILL');
    await service.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it(
    'shows what was there and what comes, and misses nothing of a server that was killed',
    async () => {
      await prints('1 character: Hello');
      await send('first');
      await prints('2 user: first');
      const port = Number(new URL(service.url).port);
      await service.kill();
      service = await start(port);
      await send('while it was away');
      await prints('3 user: while it was away');
      await send('last');
      await prints('4 user: last');
      expect(printed.match(/^\d+ \w+: /gm)).toHaveLength(4);
    },
    START_MS,
  );
});
