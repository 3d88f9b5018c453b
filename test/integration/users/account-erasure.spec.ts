import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { TokensService } from '../../../src/auth/tokens.service.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { Database } from '../../../src/platform/database/database.js';
import {
  expectStatus,
  newCharacter,
  newPerson,
  type Character,
  type Person,
  type Posted,
} from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { START_MS } from '../../support/service.js';
import { LiveSocket } from '../../support/socket-client.js';

const none = { mode: 'none' };
const sync = { mode: 'sync' };

describe('a person who leaves', () => {
  let service: RunningApp;
  beforeAll(async () => {
    service = await startApp({ AI_OFFLINE_DELAY: '5ms' });
  }, START_MS);
  afterAll(() => service.close());

  const rows = (sql: string, ...parameters: unknown[]): Promise<Record<string, unknown>[]> =>
    service.app.get(Database, { strict: false }).manager.query(sql, parameters);
  const jobEnded = (person: Person, jobId: string): Promise<string> =>
    eventually('the end of the job', async () => {
      const { status } = expectStatus(200, await person.get<{ status: string }>(`/api/jobs/${jobId}`));
      return ['queued', 'running', 'waiting'].includes(status) ? undefined : status;
    });
  const made = async (person: Person, name: string, visibility: string): Promise<Character> =>
    expectStatus(
      201,
      await person.post<Character>('/api/characters', { name, visibility, firstMessage: 'Hello.' }),
    );

  it('takes along what every feature knows of them, and nothing of anybody else', async () => {
    const [person, other] = [await newPerson(service.url), await newPerson(service.url)];
    const character = await newCharacter(person, 'Companion');
    const picture = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const added = await person.fetch(`/api/characters/${character.id}/gallery?type=icon&name=main`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(picture),
    });
    expect(added.status).toBe(201);
    const mine = await person.converse(character.id);
    for (let index = 0; index < 3; index++) await person.say(mine.id, `My words ${index}`, none);
    expectStatus(200, await person.say(mine.id, 'And an answer?', sync));
    const theirs = await other.converse(character.id);
    await other.say(theirs.id, 'Somebody else', none);

    const { jobId } = expectStatus(202, await person.post<{ jobId: string }>('/api/users/me/exports'));
    expect(await jobEnded(person, jobId)).toBe('succeeded');
    const archive = await person.fetch(`/api/users/me/exports/${jobId}/content`);
    const files = unzipSync(new Uint8Array(await archive.arrayBuffer()));
    const lines = (file: string): Record<string, unknown>[] =>
      Buffer.from(files[file] ?? [])
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines('conversations.jsonl').map(({ id }) => id)).toEqual([mine.id]);
    const texts = lines('messages.jsonl').map(({ text }) => text);
    expect(texts).toEqual((await person.messages(mine.id)).map(({ text }) => text));
    expect(lines('characters.jsonl')).toMatchObject([{ id: character.id, name: 'Companion' }]);
    const pictures = Object.keys(files).filter((name) => name.startsWith(`characters/${character.id}/`));
    expect(pictures.map((name) => Buffer.from(files[name] ?? []).equals(picture))).toEqual([true]);
    expect(lines('usage.jsonl').length).toBeGreaterThan(0);
    expect(Buffer.concat(Object.values(files)).toString()).not.toMatch(/Somebody else|password_hash/);
  });

  it('is gone with all that was theirs alone, while what others use stays without them', async () => {
    const [person, other] = [await newPerson(service.url), await newPerson(service.url)];
    const open = await made(person, 'Open', 'public');
    const shared = await made(person, 'Shared', 'unlisted');
    const secret = await made(person, 'Secret', 'private');
    const talks = await Promise.all([open, shared, secret].map(({ id }) => person.converse(id)));
    for (const { id } of talks) await person.say(id, 'My secret words', none);
    const theirs = await other.converse(shared.id);
    await other.say(theirs.id, 'My own words', none);
    // Both are remembered as having a creator for longer than this test.
    for (const { id } of [open, shared]) {
      expect(await other.get(`/api/characters/${id}`)).toMatchObject({ body: { creatorId: person.user.id } });
    }
    const socket = await LiveSocket.connect(service.url, person.token);
    const disconnected = new Promise((resolve) => socket.socket.once('disconnect', resolve));
    // A reply is on its way.
    const busy = expectStatus(
      202,
      await person.say(talks[0]?.id ?? '', 'Tell me a long story', { mode: 'stream' }),
    );

    const { jobId } = expectStatus(202, await person.delete<{ jobId: string }>('/api/users/me'));
    await disconnected;
    await expect(LiveSocket.connect(service.url, person.token)).rejects.toMatchObject({
      data: { code: 'unauthenticated' },
    });
    expect((await person.get('/api/conversations')).status).toBe(401);
    expect(await jobEnded(person, jobId)).toBe('succeeded');

    const { id } = person.user;
    for (const table of ['conversations', 'generations', 'refresh_tokens', 'user_avatars', 'api_keys']) {
      expect([table, await rows(`SELECT 1 FROM ${table} WHERE user_id = $1`, id)]).toEqual([table, []]);
    }
    expect(await rows(`SELECT 1 FROM messages WHERE sender_id = $1 OR text = 'My secret words'`, id)).toEqual(
      [],
    );
    expect(await rows('SELECT 1 FROM generations WHERE id = $1', busy.generation.id)).toEqual([]);
    expect(await rows(`SELECT 1 FROM usage_counters WHERE user_id = $1 AND reserved > 0`, id)).toEqual([]);

    expect((await other.get(`/api/characters/${secret.id}`)).status).toBe(404);
    for (const character of [open, shared]) {
      expect(await other.get(`/api/characters/${character.id}`)).toMatchObject({
        status: 200,
        body: { name: character.name, creatorId: null },
      });
    }
    expect((await other.messages(theirs.id)).map(({ text }) => text)).toContain('My own words');
    expectStatus(201, await other.say(theirs.id, 'Still talking', none));
    const ids = await rows('SELECT id FROM characters WHERE creator_id = $1 OR id = $2', id, secret.id);
    expect(ids).toEqual([]);
  });

  it('leaves no words in answers and events that are kept for a day, and its own answer is repeated', async () => {
    const person = await newPerson(service.url);
    const character = await newCharacter(person);
    const { id } = await person.converse(character.id);
    const key = { 'idempotency-key': crypto.randomUUID() };
    const said = { clientMessageId: crypto.randomUUID(), text: 'My secret words', reply: sync };
    const answered = expectStatus(
      200,
      await person.post<Posted>(`/api/conversations/${id}/messages`, said, key),
    );
    const kept = () => rows('SELECT method FROM idempotency_keys WHERE principal = $1', person.user.id);
    expect(await kept()).toHaveLength(1);
    const streams = [
      `conversation:${id}`,
      `generation:${answered.reply.generationId}`,
      `user:${person.user.id}`,
    ];
    const log = service.app.get(EventLog, { strict: false });
    for (const stream of streams) expect((await log.read(stream, { after: 0 })).head).toBeGreaterThan(0);

    const again = { 'idempotency-key': crypto.randomUUID() };
    const leave = () => person.delete<{ jobId: string }>('/api/users/me', again);
    const { jobId } = expectStatus(202, await leave());
    expect(await jobEnded(person, jobId)).toBe('succeeded');
    expect(await kept()).toEqual([{ method: 'DELETE' }]);
    expect(expectStatus(202, await leave())).toEqual({ jobId });
    const events = await Promise.all(streams.map((stream) => log.read(stream, { after: 0 })));
    expect(JSON.stringify(events)).not.toContain('secret words');
    expect(events.map(({ status }) => status)).toEqual(['gap', 'gap', 'gap']);
  });

  it('gets nothing from requests that were let in before it left and write after', async () => {
    const [person, other] = [await newPerson(service.url), await newPerson(service.url)];
    const open = await made(other, 'Open', 'public');
    const tokens = service.app.get(TokensService, { strict: false });
    const verify = tokens.verify.bind(tokens);
    let letIn = 0;
    let left: () => void = () => undefined;
    const hasLeft = new Promise<void>((resolve) => (left = resolve));
    const held = jest.spyOn(tokens, 'verify').mockImplementation(async (...args) => {
      const verified = await verify(...args);
      letIn += 1;
      await hasLeft;
      return verified;
    });
    const late = [
      person.post('/api/characters', { name: 'Late', visibility: 'private' }),
      person.post('/api/conversations', { characterId: open.id }),
      person.post('/api/auth/api-keys', { name: 'Late', scopes: ['read'] }),
    ];
    await eventually('them to be let in', () => Promise.resolve(letIn === late.length || undefined));
    held.mockRestore();
    const { jobId } = expectStatus(202, await person.delete<{ jobId: string }>('/api/users/me'));
    expect(await jobEnded(person, jobId)).toBe('succeeded');
    left();
    expect((await Promise.all(late)).map(({ status }) => status)).toEqual([401, 404, 401]);
    const { id } = person.user;
    expect(await rows('SELECT 1 FROM characters WHERE creator_id = $1', id)).toEqual([]);
    for (const table of ['conversations', 'api_keys']) {
      expect([table, await rows(`SELECT 1 FROM ${table} WHERE user_id = $1`, id)]).toEqual([table, []]);
    }
  });

  it('has a conversation erased in turns, however long it is', async () => {
    const person = await newPerson(service.url);
    const character = await newCharacter(person);
    const { id } = await person.converse(character.id);
    await rows(
      `INSERT INTO messages (id, conversation_id, seq, role, text, owner_id, pos)
       SELECT gen_random_uuid(), $1, n, 'user', 'word', $2, 2 * n FROM generate_series(10, 2600) n`,
      id,
      person.user.id,
    );
    const { jobId } = expectStatus(202, await person.delete<{ jobId: string }>('/api/users/me'));
    expect(await jobEnded(person, jobId)).toBe('succeeded');
    expect(await rows('SELECT 1 FROM messages WHERE conversation_id = $1', id)).toEqual([]);
  });
});
