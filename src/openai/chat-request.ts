import type { CompletionOptions, Turn } from '../ai/completions/completions.types.js';
import { readMessages } from './chat-messages.js';
import {
  invalid,
  isFields,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  unsupported,
  type Fields,
} from './request-fields.js';

/** What of a chat completion request is understood here. */
export interface ChatRequest extends CompletionOptions {
  model: string;
  instructions: string;
  turns: Turn[];
  stream: boolean;
  includeUsage: boolean;
  /** The reply ends before the first of these. */
  stop: string[];
}

const MAX_MODEL_CHARS = 256;
const MAX_STOPS = 16;
const MAX_STOP_CHARS = 500;
const MAX_TOKENS = 200_000;

/**
 * Reads the body of a request as OpenAI's clients send it. What would change the form of the answer and cannot be done is
 * refused; what only colours the sampling, or is unknown, is ignored (docs/openai.md lists both).
 * @throws validation-failed, unsupported-parameter
 */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isFields(body)) throw invalid('body', 'must be a JSON object');
  const { model } = body;
  if (typeof model !== 'string' || model === '' || model.length > MAX_MODEL_CHARS) {
    throw invalid('model', 'must name a model; GET /openai/v1/models lists them');
  }
  refuseUnsupported(body);
  const stream = optionalBoolean(body, 'stream') ?? false;
  return {
    model,
    ...readMessages(body.messages),
    stream,
    includeUsage: includesUsage(body, stream),
    stop: stopsOf(body),
    maxTokens:
      optionalInteger(body, 'max_completion_tokens', { min: 1, max: MAX_TOKENS }) ??
      optionalInteger(body, 'max_tokens', { min: 1, max: MAX_TOKENS }),
    temperature: optionalNumber(body, 'temperature', { min: 0, max: 2 }),
    seed: optionalInteger(body, 'seed', { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  };
}

function refuseUnsupported(body: Fields): void {
  const count = optionalInteger(body, 'n', { min: 1, max: 128 }) ?? 1;
  if (count !== 1) throw unsupported('n', 'can only be 1');
  for (const name of ['tools', 'functions']) {
    if (Array.isArray(body[name]) ? body[name].length > 0 : body[name] != null) {
      throw unsupported(name, 'are not supported: characters call no tools');
    }
  }
  if (optionalBoolean(body, 'logprobs')) throw unsupported('logprobs', 'are not supported');
  if (body.top_logprobs) throw unsupported('top_logprobs', 'are not supported');
  const format = body.response_format;
  if (format != null && !(isFields(format) && format.type === 'text')) {
    throw unsupported('response_format', 'can only be {"type":"text"}');
  }
  const { modalities } = body;
  if (modalities != null && !(Array.isArray(modalities) && modalities.every((each) => each === 'text'))) {
    throw unsupported('modalities', 'can only be ["text"]');
  }
  if (body.audio != null) throw unsupported('audio', 'is not supported');
}

function includesUsage({ stream_options: options }: Fields, stream: boolean): boolean {
  if (options == null) return false;
  if (!isFields(options)) throw invalid('stream_options', 'must be an object');
  if (!stream) throw invalid('stream_options', 'is only for requests with stream: true');
  return optionalBoolean(options, 'include_usage', 'stream_options.include_usage') ?? false;
}

function stopsOf({ stop }: Fields): string[] {
  const stops: unknown[] = stop == null ? [] : Array.isArray(stop) ? stop : [stop];
  if (stops.length > MAX_STOPS) throw invalid('stop', `can be at most ${MAX_STOPS} texts`);
  for (const each of stops) {
    if (typeof each !== 'string' || each.length > MAX_STOP_CHARS) {
      throw invalid('stop', `must be texts of at most ${MAX_STOP_CHARS} characters`);
    }
  }
  return (stops as string[]).filter((each) => each !== '');
}
