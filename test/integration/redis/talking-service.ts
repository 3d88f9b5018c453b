import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisConnections } from '@rapport/redis';
import { createApp } from '../../../src/bootstrap.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import {
  expectStatus,
  newCharacter,
  newPerson,
  type Conversation,
  type Person,
} from '../../support/api-client.js';

/** The whole service in this process, and somebody who talks with a character there. */
export interface TalkingService {
  readonly redis: RedisConnections;
  /** Sends a message and reads the reply; the reply's text. */
  say(text: string): Promise<string>;
  /** What the shared event log holds of the conversation. */
  logged(): Promise<number>;
  close(): Promise<void>;
}

export async function startTalkingService(settings: Record<string, string>): Promise<TalkingService> {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-topology-'));
  const app = await createApp({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATA_DIR: join(directory, 'data'),
    AI_OFFLINE_DELAY: '0ms',
    AUTH_ARGON2_MEMORY_KIB: '64',
    AUTH_ARGON2_PASSES: '1',
    ...settings,
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const person: Person = await newPerson(url);
  const conversation: Conversation = await person.converse((await newCharacter(person)).id);
  return {
    redis: app.get(RedisConnections, { strict: false }),
    say: async (text) => {
      const { reply } = expectStatus(200, await person.say(conversation.id, text, { mode: 'sync' }));
      return reply.text;
    },
    logged: async () => {
      const stream = `conversation:${conversation.id}`;
      const { head } = await app.get(EventLog, { strict: false }).read(stream, { after: 0 });
      return head;
    },
    close: async () => {
      await app.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
