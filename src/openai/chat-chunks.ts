import type { FinishReason, ReplyUsage } from '../ai/ai.types.js';
import type { WholeReply } from '../ai/completions/completions.types.js';
import type { SseEvent, SseFormat } from '../platform/http/sse-format.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { toProblem } from '../platform/http/problem.js';
import type { ChatCompletion, CompletionUsage } from './openai.dto.js';
import { openAiErrorOf } from './openai.errors.js';
import type { BegunChat } from './openai-chat.service.js';
import type { ChatRequest } from './chat-request.js';

const DONE = 'done';

const line = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const errorLine = (error: unknown): string => line({ error: openAiErrorOf(toProblem(error)) });

/** Unnamed events, `[DONE]` at the end, and errors as data: what OpenAI's clients read. */
export const DATA_ONLY: SseFormat = {
  opening: '',
  event: ({ event, data }) => (event === DONE ? 'data: [DONE]\n\n' : line(data)),
  shutdown: errorLine(platformErrors.unavailable('This instance is shutting down; send it again.')),
  failure: (problem) => line({ error: openAiErrorOf(problem) }),
};

type Asked = Pick<ChatRequest, 'model' | 'includeUsage'>;

/** The chunks of a streamed completion, for {@link DATA_ONLY}. */
export async function* chatChunks(chat: BegunChat, { model, includeUsage }: Asked): AsyncGenerator<SseEvent> {
  const { id, created } = chat;
  const head = { id, object: 'chat.completion.chunk', created, model };
  const chunk = (choices: object[], usage: CompletionUsage | null = null): SseEvent => ({
    event: 'chunk',
    data: { ...head, choices, ...(includeUsage ? { usage } : {}) },
  });
  const choice = (delta: object, finish_reason: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason },
  ];
  yield chunk(choice({ role: 'assistant', content: '' }));
  for await (const part of chat.chunks) {
    if (part.type === 'delta') {
      yield chunk(choice({ content: part.text }));
      continue;
    }
    yield chunk(choice({}, finishReasonOf(part.finishReason)));
    if (includeUsage) yield chunk([], usageOf(part.usage));
  }
  yield { event: DONE, data: null };
}

/** A completion in one piece. */
export const chatCompletion = (
  { id, created }: BegunChat,
  model: string,
  { text, finishReason, usage }: WholeReply,
): ChatCompletion => ({
  id,
  object: 'chat.completion',
  created,
  model,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: null,
      finish_reason: finishReasonOf(finishReason),
    },
  ],
  usage: usageOf(usage),
});

const finishReasonOf = (reason: FinishReason): string => (reason === 'filter' ? 'content_filter' : reason);

const usageOf = ({ promptTokens, completionTokens }: ReplyUsage): CompletionUsage => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});
