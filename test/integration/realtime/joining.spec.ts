import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Redis } from 'ioredis';
import {
  conversationRoom,
  generationStream,
  REPLY_DELTA,
  REPLY_STARTED,
} from '../../../src/conversations/conversations.events.js';
import { GenerationsRepository } from '../../../src/conversations/generations/generations.repository.js';
import { MessageLog } from '../../../src/conversations/messages/message-log.service.js';
import { RedisEventLog } from '../../../src/platform/events/redis-event-log.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { newCharacter, newPerson, type Person } from '../../support/api-client.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { LiveSocket, type LiveEvent } from '../../support/socket-client.js';
import { testServers } from '../../support/test-servers.js';

describe('joining a conversation in which another instance is answering', () => {
  const prefix = `test-${newId()}`;
  let running: RunningApp;
  let app: NestFastifyApplication;
  let url: string;
  let person: Person;
  let connections: Redis[];
  let elsewhere: RedisEventLog;

  beforeAll(async () => {
    const redisUrl = await testServers.redisUrl();
    running = await startApp({ REDIS_URL: redisUrl, REDIS_KEY_PREFIX: prefix });
    ({ app, url } = running);
    person = await newPerson(url);
    connections = [new Redis(redisUrl), new Redis(redisUrl)];
    elsewhere = new RedisEventLog(connections[0]!, connections[1]!, `${prefix}:test`);
  });
  afterAll(async () => {
    connections.forEach((connection) => connection.disconnect());
    await running.close();
  });

  it('tells what was said so far in the ack, and of the rest each event once', async () => {
    const conversation = await person.converse((await newCharacter(person)).id);
    const userId = person.user.id;
    const { generation } = await app
      .get(MessageLog, { strict: false })
      .append(
        { ...conversation, userId },
        { id: userId, role: 'user' },
        { clientMessageId: newId(), text: 'Hello?' },
      );
    const { id } = generation!;
    await app.get(GenerationsRepository, { strict: false }).claim(id, 'elsewhere');
    let said = 0;
    const say = async (text: string): Promise<void> => {
      const data = { generationId: id, offset: said, text };
      said += text.length;
      const [stream, room] = [generationStream(id), conversationRoom(conversation.id)];
      await elsewhere.append({ stream, room, type: REPLY_DELTA, data });
    };
    await elsewhere.append({ stream: generationStream(id), type: REPLY_STARTED, data: {} });
    await say('one ');
    await say('two ');
    const live = await LiveSocket.connect(url, person.token);
    const { replies } = await live.get<{ replies: { events: LiveEvent[] }[] }>('conversation:join', {
      conversationId: conversation.id,
    });
    expect(replies[0]?.events.at(-1)).toMatchObject({ seq: 3, data: { text: 'one two ' } });
    await say('three');
    await live.hears(REPLY_DELTA, ({ seq }) => seq === 4);
    expect(live.heard.filter(({ stream }) => stream === generationStream(id))).toMatchObject([{ seq: 4 }]);
    live.close();
  });
});
