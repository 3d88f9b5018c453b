import { Injectable } from '@nestjs/common';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { AiService } from '../ai.service.js';
import { AiSettings } from '../ai.settings.js';
import { barePrompt } from '../completions/bare.prompt.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { AnalysisSettings } from './analysis.settings.js';

const MAX_TOKENS = 400;
const MAX_ANSWER_CHARS = 16_384;
const DEADLINE_MS = 20_000;
/** A text that is judged, at most; the rest of a longer one is not read. */
const MAX_TEXT_CHARS = 8_000;

/** Asks a model for a judgement in JSON. */
@Injectable()
export class ModelJudge {
  constructor(
    private readonly ai: AiService,
    private readonly counter: TokenCounter,
    private readonly models: AiSettings,
    private readonly settings: AnalysisSettings,
  ) {}

  /** The model that judges; undefined where none is configured. */
  get model(): string | undefined {
    return this.ai.mode === 'offline' ? undefined : this.settings.model;
  }

  /**
   * @param text goes to the model as a JSON string, so that it is something to judge and not something to obey
   * @param read turns the answer into a result, or gives undefined for one that is not as it was asked for
   * @throws upstream-failed, upstream-timeout
   */
  async judge<T>(instructions: string, text: string, read: (answer: unknown) => T | undefined): Promise<T> {
    const turns = [{ role: 'user' as const, text: JSON.stringify(text.slice(0, MAX_TEXT_CHARS)) }];
    const { tokenizer, margin } = this.models.countingOf(this.model);
    const prompt = barePrompt(instructions, turns, {
      window: this.models.windowOf(this.model),
      margin,
      maxTokens: MAX_TOKENS,
      count: (each) => this.counter.count(each, tokenizer),
    });
    const signal = AbortSignal.timeout(DEADLINE_MS);
    let answer = '';
    try {
      const request = { prompt, model: this.model, maxTokens: MAX_TOKENS, temperature: 0, signal };
      for await (const chunk of this.ai.judge(request)) {
        if (chunk.type === 'delta') answer += chunk.text;
        if (answer.length > MAX_ANSWER_CHARS) throw notAsAsked();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      throw platformErrors['upstream-timeout'](`The model took more than ${DEADLINE_MS} ms; try again.`);
    }
    const result = read(parsed(answer));
    if (result === undefined) throw notAsAsked();
    return result;
  }
}

const notAsAsked = () =>
  platformErrors['upstream-failed']('The model did not answer in the form that it was asked for; try again.');

/** Many models put JSON into a fence, whatever they are told. */
function parsed(answer: string): unknown {
  const fenced = /^\s*```(?:json)?\s*([^]*?)```\s*$/.exec(answer)?.[1] ?? answer;
  try {
    return JSON.parse(fenced) as unknown;
  } catch {
    // What it says is somebody's message; that it is no JSON is all that may be told.
    return undefined;
  }
}
