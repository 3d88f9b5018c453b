import { setImmediate as turn } from 'node:timers/promises';
import type { AiService } from '../../ai/ai.service.js';
import type { Prompt, ReplyChunk } from '../../ai/ai.types.js';
import type { TokenCounter } from '../../ai/tokens/token-counter.service.js';
import type { LogEvent, NewEvent, StreamHead } from '../../platform/events/event-log.js';
import type { EventLog } from '../../platform/events/event-log.service.js';
import type { UsageService } from '../../usage/usage.service.js';
import { REPLY_DELTA, REPLY_STARTED } from '../conversations.events.js';
import type { GenerationEntity } from './generation.entity.js';
import { Heartbeat } from './heartbeat.js';
import { ReplyStreaming } from './reply-streaming.service.js';

it('a reply is not over before all of it is on its way to the log, however slowly that answers', async () => {
  const sent: string[] = [];
  let answer: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (answer = resolve));
  const append = async ({ type }: NewEvent): Promise<LogEvent> => {
    sent.push(type);
    await slow;
    return { epoch: 'e' } as LogEvent;
  };
  const begin = async (event: NewEvent): Promise<string> => (await append(event)).epoch;
  const heads = (): Promise<StreamHead[]> =>
    Promise.resolve([{ epoch: 'e', seq: 2, id: 'i', closed: false }]);
  async function* model(): AsyncGenerator<ReplyChunk> {
    yield { type: 'delta', text: 'Hello' };
    yield { type: 'end', finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } };
  }
  const replies = new ReplyStreaming(
    { stream: model } as unknown as AiService,
    {} as TokenCounter,
    {} as UsageService,
    { append, begin, heads } as unknown as EventLog,
  );
  const generation = { id: 'g', conversationId: 'c', parameters: {} } as GenerationEntity;
  const heartbeat = new Heartbeat(() => Promise.resolve());
  const attempt = { abort: new AbortController(), heartbeat };
  const ended = replies.stream(generation, {} as Prompt, attempt).finally(() => heartbeat.stop());
  const sentAtItsEnd = ended.then(() => [...sent]);
  await turn();
  answer();
  expect(await sentAtItsEnd).toEqual([REPLY_STARTED, REPLY_DELTA]);
});
