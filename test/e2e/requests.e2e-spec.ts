import { expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type { Character, Generation, Message, Person, Problem } from '../support/api-client.js';
import { START_MS, startEmbedded, type Service } from '../support/service.js';

let service: Service;
let person: Person;
let ada: Character;

beforeAll(async () => {
  service = await startEmbedded({ USAGE_FREE_TEXT_PER_DAY: '1000' });
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

it('a reply can be generated again without a body, until the conversation goes on', async () => {
  const { id } = await person.converse(ada.id);
  const { reply } = expectStatus(200, await person.say(id, 'Hello', { mode: 'sync' }));
  const path = `/api/conversations/${id}/messages/${reply.id}/regenerations`;
  const { generation } = expectStatus(202, await person.post<{ generation: Generation }>(path));
  const variant = (await person.follow(generation)).last.data.message as Message;
  expect(variant.parentId).toBe(reply.parentId);
  expectStatus(201, await person.say(id, 'Never mind', { mode: 'none' }));
  for (const one of [reply.id, variant.id]) {
    const late = await person.post<Problem>(`/api/conversations/${id}/messages/${one}/regenerations`, {});
    expect([late.status, late.body.code]).toEqual([409, 'not-regenerable']);
  }
});
