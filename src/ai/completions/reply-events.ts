import type { SseEvent } from '../../platform/http/sse-format.js';
import type { OpenReply } from './completions.types.js';

/** A reply as the events of contract 2.3, without ids: there is nothing to resume. Its failure is the stream's. */
export async function* replyEvents({ chunks }: OpenReply): AsyncGenerator<SseEvent> {
  let text = '';
  for await (const chunk of chunks) {
    if (chunk.type === 'delta') {
      yield { event: 'reply.delta', data: { offset: text.length, text: chunk.text } };
      text += chunk.text;
    } else {
      const { finishReason, usage } = chunk;
      yield { event: 'reply.completed', data: { text, finishReason, usage } };
    }
  }
}
