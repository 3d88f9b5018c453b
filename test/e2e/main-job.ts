import { Api, expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type {
  Answer,
  Character,
  Conversation,
  Message,
  Page,
  Person,
  Tokens,
  User,
} from '../support/api-client.js';
import { LiveSocket, type Sent } from '../support/socket-client.js';

/** One instance, or two of the same cluster. */
export interface Places {
  a: string;
  b: string;
}

/** What every reader of a person's data may ask for, by what is cached behind it. */
function cachedReads(
  person: Person,
  character: Character,
  conversation: Conversation,
): Record<string, string> {
  return {
    'one’s own account': '/api/users/me',
    'the token’s account': '/api/auth/me',
    'a profile': `/api/users/${person.user.id}`,
    'a profile by username': `/api/users/by-username/${person.user.username}`,
    'a character': `/api/characters/${character.id}`,
    'the list of characters': '/api/characters',
    'the prompt of one’s character': `/api/characters/${character.id}/prompt`,
    'a conversation': `/api/conversations/${conversation.id}`,
    'one’s conversations': '/api/conversations',
    'one’s conversations with a character': `/api/conversations?characterId=${character.id}`,
    'the messages of a conversation': `/api/conversations/${conversation.id}/messages`,
    'usage with a character': `/api/usage/characters/${character.id}`,
  };
}

const READS = Object.keys(cachedReads({ user: {} } as Person, {} as Character, {} as Conversation));

/** Every cached read behind the answer was a hit. */
const isHit = ({ headers }: Answer<unknown>): boolean =>
  (headers.get('cache-status') ?? 'none').split(', ').every((member) => member.includes('; hit'));

/** The whole of what people come for, told over whichever deployment; `b` is where a second device is connected. */
export function mainJob(places: () => Places): void {
  let ada: Character;
  let person: Person;
  let conversation: Conversation;

  beforeAll(async () => {
    const { a } = places();
    person = await newPerson(a);
    ada = await newCharacter(person);
    conversation = await person.converse(ada.id);
  });

  test('who registered can log in, and the token says who it is', async () => {
    const login = { email: person.user.email, password: person.password };
    const { accessToken } = expectStatus(
      200,
      await new Api(places().b).post<Tokens>('/api/auth/login', login),
    );
    const me = await new Api(places().a, accessToken).get<User>('/api/auth/me');
    expect(me).toMatchObject({ status: 200, body: { id: person.user.id, username: person.user.username } });
  });

  test('a public character is on the list, for everybody', async () => {
    const other = await newPerson(places().b);
    const { items } = expectStatus(200, await other.get<Page<Character>>('/api/characters?sort=recent'));
    expect(items.map(({ id }) => id)).toContain(ada.id);
  });

  test('a conversation opens with the character’s greeting, by name', async () => {
    expect(conversation.greeting).toMatchObject({
      role: 'character',
      seq: 1,
      text: `Hello, ${person.user.displayName}, I am Ada.`,
    });
    expect(await person.messages(conversation.id)).toEqual([conversation.greeting]);
  });

  test('a message over REST is answered by a stream of deltas that make up the stored reply', async () => {
    const sent = await person.say(conversation.id, 'Good morning');
    const { message, generation } = expectStatus(202, sent);
    expect(sent.headers.get('location')).toBe(`/api/generations/${generation.id}`);
    const { events, text, last } = await person.follow(generation);
    const types = events.map(({ event }) => event);
    expect([types[0], types[1], types.at(-1)]).toEqual(['reply.started', 'reply.delta', 'reply.completed']);
    // A server whose log is slow says the whole text once more.
    expect(types.slice(2, -1).filter((type) => type !== 'reply.delta' && type !== 'reply.snapshot')).toEqual(
      [],
    );
    expect(last.data).toMatchObject({ finishReason: 'stop', message: { text, parentId: message.id } });
    expect(text).toContain('You said: Good morning');
    expect((await person.messages(conversation.id)).at(-1)).toEqual(last.data.message);
  });

  test('a message over a socket is acked, and its reply comes in offsets without holes', async () => {
    const socket = await LiveSocket.connect(places().a, person.token);
    const draft = {
      conversationId: conversation.id,
      clientMessageId: 'over a socket',
      text: 'And over a socket?',
    };
    const { message, generation, duplicate } = await socket.get<Sent>('message:send', draft);
    expect({ text: message.text, duplicate }).toEqual({ text: draft.text, duplicate: false });
    const { data } = await socket.hears('reply.completed');
    expect(socket.textOf(generation.id)).toBe((data.message as Message).text);
    await socket.hears('message.created', (event) => event.data.message?.id === message.id);
    await socket.hears('message.created', (event) => event.data.message?.id === data.message?.id);
    socket.close();
  });

  test('messages are read in order and can be marked as read', async () => {
    const messages = await person.messages(conversation.id);
    expect(messages.map(({ seq, role }) => `${seq} ${role}`)).toEqual([
      '1 character',
      '2 user',
      '3 character',
      '4 user',
      '5 character',
    ]);
    expectStatus(200, await person.put(`/api/conversations/${conversation.id}/read`, { seq: 4 }));
    const read = await person.get<Conversation>(`/api/conversations/${conversation.id}`);
    expect(read.body).toMatchObject({ readSeq: 4, lastSeq: 5, unread: 1 });
  });

  test('each sent message is counted once, over REST and over the socket', async () => {
    expect(await person.usageOf(ada.id)).toMatchObject({ used: 2, reserved: 0 });
  });

  test('a long reply can be cancelled, and what was said is kept', async () => {
    const { generation } = expectStatus(202, await person.say(conversation.id, 'Tell me at length'));
    const { events } = await person.events(generation.eventsUrl);
    let seen = '';
    let cancelled: Promise<Answer<{ status: string; text: string }>> | undefined;
    for await (const { event, data } of events) {
      if (event === 'reply.delta') {
        seen += data.text;
        cancelled ??= person.at(places().b).post(`/api/generations/${generation.id}/cancel`);
      }
      if (event === 'reply.completed')
        expect(data).toMatchObject({ finishReason: 'cancelled', message: { text: seen } });
    }
    expect((await cancelled)?.body).toEqual({ status: 'cancelled', text: seen });
    expect((await person.messages(conversation.id)).at(-1)).toMatchObject({
      text: seen,
      status: 'cancelled',
    });
  });

  test.each(READS)('the second read of %s asks no database', async (name) => {
    const path = cachedReads(person, ada, conversation)[name] as string;
    const first = await person.get(path);
    const second = await person.get(path);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(`${second.headers.get('cache-status')} ${second.queries} queries`).toMatch(
      /^[^,]+; hit.* 0 queries$/,
    );
    expect(isHit(second)).toBe(true);
    expect(second.body).toEqual(first.body);
  });

  test('the read after a change of one’s profile shows it', async () => {
    const paths = [
      '/api/users/me',
      `/api/users/${person.user.id}`,
      `/api/users/by-username/${person.user.username}`,
    ];
    for (const path of paths) await person.get(path);
    const displayName = 'Somebody else';
    expectStatus(200, await person.patch('/api/users/me', { displayName }));
    for (const path of paths) expect((await person.get<User>(path)).body.displayName).toBe(displayName);
  });

  test('the read after a change of a character shows it, and so does its prompt', async () => {
    const path = `/api/characters/${ada.id}`;
    for (const read of [path, `${path}/prompt`, '/api/characters']) await person.get(read);
    expectStatus(200, await person.patch(path, { name: 'Ada the second', firstMessage: 'Changed.' }));
    expect((await person.get<Character>(path)).body.name).toBe('Ada the second');
    expect((await person.get<{ greeting: string }>(`${path}/prompt`)).body.greeting).toBe('Changed.');
    const { items } = (await person.get<Page<Character>>('/api/characters')).body;
    expect(items.find(({ id }) => id === ada.id)?.name).toBe('Ada the second');
  });

  test('the read after a message shows it, in the messages, the conversation and both lists', async () => {
    const lists = ['/api/conversations', `/api/conversations?characterId=${ada.id}`];
    const path = `/api/conversations/${conversation.id}`;
    for (const read of [path, `${path}/messages`, ...lists]) await person.get(read);
    const text = 'Just stored';
    const { message } = expectStatus(201, await person.say(conversation.id, text, { mode: 'none' }));
    expect((await person.messages(conversation.id)).at(-1)).toEqual(message);
    expect((await person.get<Conversation>(path)).body.lastMessagePreview).toBe(text);
    for (const list of lists) {
      const { items } = (await person.get<Page<Conversation>>(list)).body;
      expect(items[0]).toMatchObject({ id: conversation.id, lastMessagePreview: text, lastSeq: message.seq });
    }
  });
}
