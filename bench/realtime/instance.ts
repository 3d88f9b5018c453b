import { randomUUID } from 'node:crypto';
import { serveParent } from '../child-process.js';
import { collectedMemory } from '../collected-memory.js';

/** What an instance is started with; one that needs no database does not look at it. */
export interface InstanceSetup {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly secret: string;
}

export interface OpenInstance {
  readonly url: string;
  /** Sends a message to the sockets of the conversation, on all instances. */
  tell(conversationId: string, data: object): Promise<unknown>;
}

export const MESSAGE = 'message.created';
export const JOIN = 'conversation:join';
export const streamOf = (conversationId: string): string => `conversation:${conversationId}`;

/** About 200 characters, as people write them; with what stands around it, half a kilobyte goes to each socket. */
const TEXT = 'The tide was out and the boats lay on their sides in the mud, waiting. '.repeat(3).trim();

const messageOf = (conversationId: string, seq: number): object => ({
  id: randomUUID(),
  conversationId,
  seq,
  role: 'character',
  text: TEXT,
  status: 'complete',
});

/** The commands of an instance under measurement. */
export function serveInstance(open: (setup: InstanceSetup) => Promise<OpenInstance>): void {
  let instance: OpenInstance;
  serveParent({
    /** Answers where it listens. */
    start: async (setup: InstanceSetup) => {
      instance = await open(setup);
      return instance.url;
    },
    /** All of them at once; answers when it began, on the clock that all processes share. */
    tell: async ({ conversationId, messages }: { conversationId: string; messages: number }) => {
      const started = Number(process.hrtime.bigint());
      await Promise.all(
        Array.from({ length: messages }, (_, at) =>
          instance.tell(conversationId, messageOf(conversationId, at + 1)),
        ),
      );
      return started;
    },
    memory: collectedMemory,
    /** Nanoseconds of processor time, all threads. */
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) * 1_000;
    },
  });
}
