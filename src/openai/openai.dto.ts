import { ApiProperty } from '@nestjs/swagger';

// The form is OpenAI's; these classes are for the document. What is read of a request, and how, is in chat-request.ts.

export class ChatMessageInput {
  @ApiProperty({ enum: ['system', 'developer', 'user', 'assistant'] })
  role!: string;
  /** A text, or a list of `{type: "text", text}`. */
  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }] })
  content!: unknown;
}

export class StreamOptionsInput {
  /** One more chunk before the end, without choices and with the usage. */
  include_usage?: boolean;
}

export class ChatCompletionInput {
  /** `character:{id}`, or for administrators one of the configured models. */
  model!: string;
  @ApiProperty({ type: [ChatMessageInput] })
  messages!: ChatMessageInput[];
  stream?: boolean;
  stream_options?: StreamOptionsInput;
  @ApiProperty({ type: 'integer' })
  max_completion_tokens?: number;
  /** The older name of `max_completion_tokens`. */
  @ApiProperty({ type: 'integer' })
  max_tokens?: number;
  @ApiProperty({ minimum: 0, maximum: 2 })
  temperature?: number;
  @ApiProperty({ type: 'integer' })
  seed?: number;
  /** The reply ends before the first of these. */
  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] })
  stop?: unknown;
}

export class OpenAiErrorDetail {
  message!: string;
  type!: string;
  /** The parameter at fault. */
  param!: string | null;
  code!: string | null;
}

/** Every error here, whatever its status. */
export class OpenAiErrorAnswer {
  error!: OpenAiErrorDetail;
}

export class CompletionUsage {
  @ApiProperty({ type: 'integer' })
  prompt_tokens!: number;
  @ApiProperty({ type: 'integer' })
  completion_tokens!: number;
  @ApiProperty({ type: 'integer' })
  total_tokens!: number;
}

export class AssistantMessage {
  role!: 'assistant';
  content!: string;
  /** Always null. */
  refusal!: string | null;
}

export class CompletionChoice {
  @ApiProperty({ type: 'integer' })
  index!: number;
  message!: AssistantMessage;
  /** Always null. */
  logprobs!: string | null;
  @ApiProperty({ enum: ['stop', 'length', 'content_filter'] })
  finish_reason!: string;
}

export class ChatCompletion {
  id!: string;
  object!: 'chat.completion';
  /** Seconds since 1970. */
  @ApiProperty({ type: 'integer' })
  created!: number;
  model!: string;
  choices!: CompletionChoice[];
  usage!: CompletionUsage;
}

export class OpenAiModel {
  id!: string;
  object!: 'model';
  /** Seconds since 1970. */
  @ApiProperty({ type: 'integer' })
  created!: number;
  owned_by!: string;
  /** Of the character. */
  name?: string;
}

export class OpenAiModelList {
  object!: 'list';
  data!: OpenAiModel[];
}
