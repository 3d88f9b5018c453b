import {
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { Setting } from '../config/setting.js';
import { countingFor, TOKENIZERS, type Counting, type Tokenizer } from './tokens/tokenizers.js';

const HOUR_MS = 3_600_000;

export class AiSettings {
  @Setting({
    env: 'AI_BASE_URL',
    description:
      'Any OpenAI-compatible server (OpenAI, Ollama, vLLM, llama.cpp), up to and including /v1. Without it characters are answered by the offline responder, which needs no key and no network.',
    example: 'http://localhost:11434/v1',
  })
  @IsOptional()
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true })
  baseUrl?: string;

  @Setting({
    env: 'AI_API_KEY',
    secret: true,
    description: 'Sent as a bearer token to AI_BASE_URL. Local servers need none.',
  })
  @IsOptional()
  @IsString()
  apiKey?: string;

  @Setting({
    env: 'AI_MODEL',
    description: 'The model that replies; required with AI_BASE_URL.',
    example: 'llama3.1:8b',
  })
  @ValidateIf((settings: AiSettings) => settings.baseUrl !== undefined)
  @IsNotEmpty({ message: '$property is required when AI_BASE_URL is set' })
  model?: string;

  @Setting({
    env: 'AI_MODELS',
    type: 'list',
    description:
      'Further models that a request may name. Others are refused, so that no caller chooses what you pay.',
  })
  @IsArray()
  @IsString({ each: true })
  models: string[] = [];

  @Setting({
    env: 'AI_CONTEXT_WINDOW',
    type: 'integer',
    description: 'Tokens the model holds, prompt and reply together.',
  })
  @IsInt()
  @Min(512)
  @Max(4_000_000)
  contextWindow = 8192;

  @Setting({
    env: 'AI_CONTEXT_WINDOWS',
    type: 'list',
    description: 'The same for single models, as model=tokens; others have AI_CONTEXT_WINDOW.',
    example: 'gpt-4o=128000,llama3.1:8b=8192',
  })
  @IsArray()
  @Matches(/^[^=]+=(?!0)\d{3,7}$/, { each: true, message: '$property must be a list of model=tokens' })
  contextWindows: string[] = [];

  windowOf(model: string | undefined): number {
    return Number(valueFor(model, this.contextWindows) ?? this.contextWindow);
  }

  @Setting({
    env: 'AI_TOKENIZERS',
    type: 'list',
    description:
      'How tokens are counted for models whose name does not tell, as model=cl100k_base or model=o200k_base. Models that nothing is known of are counted with cl100k_base, and 20 % of the window is kept free.',
    example: 'my-finetuned-gpt=o200k_base',
  })
  @IsArray()
  @Matches(new RegExp(`^[^=]+=(?:${TOKENIZERS.join('|')})$`), {
    each: true,
    message: `$property must be a list of model=tokenizer, the tokenizer one of ${TOKENIZERS.join(', ')}`,
  })
  tokenizers: string[] = [];

  countingOf(model: string | undefined): Counting {
    return countingFor(model, valueFor(model, this.tokenizers) as Tokenizer | undefined);
  }

  @Setting({
    env: 'AI_MAX_TOKENS',
    type: 'integer',
    description: 'Longest reply in tokens, unless the request asks for another length.',
  })
  @IsInt()
  @Min(1)
  @Max(200_000)
  maxTokens = 512;

  @Setting({
    env: 'AI_TEMPERATURE',
    description: 'Sampling temperature, 0 to 2. Without it the server’s own default applies.',
    example: '0.8',
  })
  @IsOptional()
  @Matches(/^(?:[01](?:\.\d+)?|2(?:\.0+)?)$/, { message: '$property must be a number from 0 to 2' })
  temperatureText?: string;

  get temperature(): number | undefined {
    return this.temperatureText === undefined ? undefined : Number(this.temperatureText);
  }

  @Setting({
    env: 'AI_CONNECT_TIMEOUT',
    type: 'duration',
    description: 'How long a connection to the model server may take.',
  })
  @IsInt()
  @Min(100)
  @Max(HOUR_MS)
  connectTimeoutMs = 5_000;

  @Setting({
    env: 'AI_STALL_TIMEOUT',
    type: 'duration',
    description:
      'How long the model server may be silent, before the first byte too. Raise it for local models that load slowly.',
  })
  @IsInt()
  @Min(100)
  @Max(HOUR_MS)
  stallTimeoutMs = 30_000;

  @Setting({ env: 'AI_TOTAL_TIMEOUT', type: 'duration', description: 'How long one reply may take in all.' })
  @IsInt()
  @Min(100)
  @Max(HOUR_MS)
  totalTimeoutMs = 300_000;

  @Setting({
    env: 'AI_OFFLINE_DELAY',
    type: 'duration',
    description:
      'Pause between the words of the offline responder, so that its replies stream as a model’s do.',
  })
  @IsInt()
  @Min(0)
  @Max(1_000)
  offlineDelayMs = 15;
}

/** Of a list of `model=value`. */
const valueFor = (model: string | undefined, pairs: readonly string[]): string | undefined =>
  model === undefined
    ? undefined
    : pairs.find((pair) => pair.startsWith(`${model}=`))?.slice(model.length + 1);
