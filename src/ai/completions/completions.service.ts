import { Injectable } from '@nestjs/common';
import { characterNotFound } from '../../characters/characters.errors.js';
import { CharactersService } from '../../characters/characters.service.js';
import type { Actor } from '../../platform/actor/actor.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { UsersService } from '../../users/users.service.js';
import { AiService } from '../ai.service.js';
import { AiSettings } from '../ai.settings.js';
import type { Prompt, ReplyChunk, ReplyUsage } from '../ai.types.js';
import { CharacterPrompts } from '../prompt/character-prompts.service.js';
import { PromptBuilder } from '../prompt/prompt-builder.service.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { barePrompt } from './bare.prompt.js';
import type { CompletionRequest, OpenReply, Turn, WholeReply } from './completions.types.js';
import { peek } from './peeked-chunks.js';
import { untilStopped } from './stop-sequences.js';

/** More than any window holds; older turns would only cost the time of counting them. */
const MAX_TURNS = 400;

/** Replies to conversations that their caller keeps. Nothing is stored, cached or counted here. */
@Injectable()
export class CompletionsService {
  constructor(
    private readonly ai: AiService,
    private readonly settings: AiSettings,
    private readonly builder: PromptBuilder,
    private readonly counter: TokenCounter,
    private readonly characters: CharactersService,
    private readonly prompts: CharacterPrompts,
    private readonly users: UsersService,
  ) {}

  /** @throws not-found, model-not-available, context-overflow */
  async prompt(actor: Actor, request: Omit<CompletionRequest, 'signal'>): Promise<Prompt> {
    const { characterId, model, maxTokens, seed, instructions } = request;
    const turns = request.turns.slice(-MAX_TURNS);
    const answering = this.ai.modelFor(model);
    if (characterId === undefined) {
      const { tokenizer, margin } = this.settings.countingOf(answering);
      return barePrompt(instructions, turns, {
        window: this.ai.window(model),
        margin,
        maxTokens: maxTokens ?? this.settings.maxTokens,
        count: (text) => this.counter.count(text, tokenizer),
      });
    }
    const { id } = await this.characters.getVisible(actor, characterId);
    const character = await this.prompts.find(id);
    if (!character) throw characterNotFound(id);
    return this.builder.build({
      character,
      instructions,
      userName: await this.users.displayNameOf(actor.id),
      history: turns.map(toHistory),
      hasEarlier: turns.length < request.turns.length,
      maxTokens,
      model,
      seed,
    });
  }

  /**
   * Asks the model and waits for its first words.
   * @throws upstream-failed, upstream-timeout; the signal's reason when it was aborted
   */
  async open(
    prompt: Prompt,
    { model, maxTokens, temperature, seed, stop = [], signal }: CompletionRequest,
  ): Promise<OpenReply> {
    const source = this.ai.stream({ prompt, model, maxTokens, temperature, seed, signal });
    let tell: (usage: ReplyUsage) => void = () => undefined;
    const ended = new Promise<ReplyUsage>((resolve) => (tell = resolve));
    return { chunks: await peek(this.measured(untilStopped(source, stop), prompt, tell)), ended };
  }

  /** Reads a reply to its end. @throws upstream-failed when it breaks off */
  async read(chunks: AsyncIterable<ReplyChunk>): Promise<WholeReply> {
    let text = '';
    let end: Omit<WholeReply, 'text'> | undefined;
    // To its very end, so that the connection to the model can be used again.
    for await (const chunk of chunks) {
      if (chunk.type === 'delta') text += chunk.text;
      else end = chunk;
    }
    if (!end) throw platformErrors['upstream-failed']('The model’s reply had no end; try again.');
    return { text, finishReason: end.finishReason, usage: end.usage };
  }

  /** A model that was cut short has not said what the reply took: then it is counted here. */
  private async *measured(
    source: ReturnType<typeof untilStopped>,
    { promptTokens }: Prompt,
    tell: (usage: ReplyUsage) => void,
  ): AsyncGenerator<ReplyChunk, void, undefined> {
    let text = '';
    let usage: ReplyUsage | undefined;
    const counted = (): ReplyUsage => ({ promptTokens, completionTokens: this.counter.count(text) });
    try {
      for await (const chunk of source) {
        if (chunk.type === 'delta') {
          text += chunk.text;
          yield chunk;
        } else {
          usage = chunk.usage ?? counted();
          yield { ...chunk, usage };
        }
      }
    } finally {
      tell(usage ?? counted());
    }
  }
}

const toHistory = ({ role, text }: Turn, index: number) => ({
  role: role === 'user' ? ('user' as const) : ('character' as const),
  text,
  seq: index + 1,
});
