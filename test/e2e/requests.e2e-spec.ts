import { expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type { Character, Generation, Message, Person, Problem } from '../support/api-client.js';
import { START_MS, startEmbedded, type Service } from '../support/service.js';
import { LiveSocket } from '../support/socket-client.js';

let service: Service;
let person: Person;
let ada: Character;

beforeAll(async () => {
  service = await startEmbedded({ USAGE_FREE_TEXT_PER_DAY: '1000', BURST_LIMIT: '40', BURST_WINDOW: '1h' });
  person = await newPerson(service.url);
  ada = await newCharacter(person);
}, START_MS);
afterAll(() => service?.stop());

it('null says the same as leaving an optional field out', async () => {
  const nothing = { greetingIndex: null, title: null, metadata: null };
  const started = await person.post<{ id: string }>('/api/conversations', {
    characterId: ada.id,
    ...nothing,
  });
  const { id } = expectStatus(201, started);
  const path = `/api/conversations/${id}/messages`;
  const unset = { attachments: null, replyTo: null, parentId: null };
  const options = { mode: 'sync', model: null, maxTokens: null, temperature: null, seed: null, queue: null };
  const sent = { clientMessageId: 'a', text: 'Hello', ...unset, reply: options };
  expectStatus(200, await person.post(path, sent));
  const plain = await person.post<{ generation: Generation }>(path, {
    ...sent,
    clientMessageId: 'b',
    reply: null,
  });
  await person.follow(expectStatus(202, plain).generation);
  const empty = await person.post<Problem>(path, { clientMessageId: 'c', text: null, ...unset });
  expect([empty.status, empty.body.code]).toEqual([400, 'empty-message']);
});

it('a number beyond any message is out of range, not a fault of the server', async () => {
  const { id } = await person.converse(ada.id);
  const far = await person.put<Problem>(`/api/conversations/${id}/read`, { seq: 99_999_999_999 });
  expect([far.status, far.body.code]).toEqual([400, 'seq-out-of-range']);
  for (const end of ['before', 'after', 'around'])
    expectStatus(200, await person.get(`/api/conversations/${id}/messages?${end}=99999999999`));
});

it('a reply can be generated again without a body, also when the conversation has gone on', async () => {
  const { id } = await person.converse(ada.id);
  const { reply } = expectStatus(200, await person.say(id, 'Hello', { mode: 'sync' }));
  const path = `/api/conversations/${id}/messages/${reply.id}/regenerations`;
  const again = async (): Promise<Message> => {
    const { generation } = expectStatus(202, await person.post<{ generation: Generation }>(path));
    return (await person.follow(generation)).last.data.message as Message;
  };
  expect((await again()).parentId).toBe(reply.parentId);
  expectStatus(201, await person.say(id, 'Never mind', { mode: 'none' }));
  const branched = await again();
  expect(branched.parentId).toBe(reply.parentId);
  expect((await person.messages(id)).at(-1)?.id).toBe(branched.id);
});

it('everything one user asks of the model counts towards the burst limit, over REST and sockets together', async () => {
  const eve = await newPerson(service.url);
  const { id } = await eve.converse((await newCharacter(eve)).id);
  const first = await eve.say(id, 'Hello', { mode: 'sync' });
  const { reply } = expectStatus(200, first);
  expect(first.headers.get('ratelimit-policy')).toContain(
    '"burst";q=40;w=3600, "text-daily";q=1000;w=86400;qu="messages", ',
  );
  expect(first.headers.get('ratelimit')).toMatch(/^"burst";r=39;t=90, "text-daily";r=999;t=\d+, /);

  const regenerations = `/api/conversations/${id}/messages/${reply.id}/regenerations`;
  const again = await eve.post<{ generation: Generation }>(regenerations);
  await eve.follow(expectStatus(202, again).generation);
  expect(again.headers.get('ratelimit')).toMatch(/^"burst";r=38;/);
  const socket = await LiveSocket.connect(service.url, eve.token);
  const draft = { conversationId: id, clientMessageId: 'a', text: 'And here', reply: { mode: 'none' } };
  await socket.get('message:send', draft);

  // Attempts count, not successes: these are not even requests.
  const path = `/api/conversations/${id}/messages`;
  const attempts = await Promise.all(Array.from({ length: 50 }, () => eve.post<Problem>(path, {})));
  expect(attempts.filter(({ status }) => status === 400)).toHaveLength(40 - 3);
  const refused = attempts.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(50 - 37);
  for (const { body, headers } of refused) {
    expect(body.code).toBe('rate-limited');
    const seconds = headers.get('retry-after');
    expect(seconds).toBe(String(Math.ceil(body.retryAfterMs! / 1000)));
    expect(headers.get('ratelimit')).toBe(`"burst";r=0;t=${seconds}`);
    expect(headers.get('ratelimit-policy')).toBe('"burst";q=40;w=3600');
  }
  const ack = await socket.ask('message:send', draft);
  expect(ack).toMatchObject({ ok: false, error: { status: 429, code: 'rate-limited' } });
  socket.close();

  const { id: own } = await person.converse(ada.id);
  expectStatus(201, await person.say(own, 'I did nothing', { mode: 'none' }));
});
