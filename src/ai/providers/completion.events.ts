import type { FinishReason, ReplyUsage } from '../ai.types.js';
import { brokenReply } from './upstream.errors.js';

/** What one event of the stream, or the whole answer of a server that does not stream, says about the reply. */
export interface CompletionEvent {
  text: string;
  finishReason?: FinishReason;
  usage?: ReplyUsage;
}

/** @throws AppError `upstream-failed` for an error object or something that is no completion. */
export function parseCompletion(json: string): CompletionEvent {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch (cause) {
    // Not the cause itself: its message quotes the text, which is somebody's conversation.
    throw brokenReply('sent something that is not JSON', {
      name: (cause as Error).name,
      length: json.length,
    });
  }
  if (!isRecord(body)) throw brokenReply('sent something that is not a completion');
  if (isPresent(body.error)) {
    const code = errorCodeOf(body);
    throw brokenReply(`reported an error${code ? ` (${code})` : ''}`);
  }
  const choice = Array.isArray(body.choices) ? (body.choices as unknown[]).find(isRecord) : undefined;
  const said = choice && (choice.delta ?? choice.message);
  const content = isRecord(said) ? said.content : undefined;
  return {
    text: typeof content === 'string' ? content : '',
    finishReason: finishReasonOf(choice?.finish_reason),
    usage: usageOf(body.usage),
  };
}

/** `error.code` or `error.type`, if it is a plain word; never the message. */
export function errorCodeOf(body: unknown): string | undefined {
  const error = isRecord(body) ? body.error : undefined;
  if (!isRecord(error)) return undefined;
  return [error.code, error.type].find(
    (code): code is string =>
      typeof code === 'string' && /^[a-z][\w.-]{0,63}$/i.test(code) && !/^sk-/i.test(code),
  );
}

function finishReasonOf(reason: unknown): FinishReason | undefined {
  if (typeof reason !== 'string' || reason === '') return undefined;
  if (reason === 'length' || reason === 'max_tokens') return 'length';
  return reason === 'content_filter' ? 'filter' : 'stop';
}

function usageOf(usage: unknown): ReplyUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = usage;
  return isCount(promptTokens) && isCount(completionTokens) ? { promptTokens, completionTokens } : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isPresent = (value: unknown): boolean => value !== undefined && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
