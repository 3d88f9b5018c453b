import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import { CharactersService } from '../../characters/characters.service.js';
import { characterNotFound } from '../../characters/characters.errors.js';
import type { Actor } from '../../platform/actor/actor.js';
import { UsersService } from '../../users/users.service.js';
import { AiService } from '../ai.service.js';
import type { ExplainedPrompt, PromptCharacter } from '../ai.types.js';
import { compiledPrompts, type CompiledFrom } from './character-prompts.cache.js';
import type { CompiledPrompt, PromptPreviewInput } from './character-prompts.dto.js';
import { PromptBuilder } from './prompt-builder.service.js';

/** A character as prompts are made of it. */
export interface SpeakingCharacter extends PromptCharacter {
  version: number;
  lorebookVersion: number;
}

/** Prompts as their makers look at them, and characters as prompts need them. */
@Injectable()
export class CharacterPrompts {
  constructor(
    private readonly characters: CharactersService,
    private readonly users: UsersService,
    private readonly builder: PromptBuilder,
    private readonly ai: AiService,
  ) {}

  /** With its lorebook, whoever asks; undefined once it is deleted. */
  async find(id: string): Promise<SpeakingCharacter | undefined> {
    const character = await this.characters.find(id);
    const book = character && (await this.characters.lorebook(id));
    return book && { ...character, lorebook: book.lorebook, lorebookVersion: book.version };
  }

  /**
   * The prompt for a conversation that is not stored, and why each piece is in or out.
   * @throws not-found where the character is hidden, forbidden where it is somebody else's; model-not-available; context-overflow
   */
  async preview(actor: Actor, id: string, input: PromptPreviewInput): Promise<ExplainedPrompt> {
    const character = await this.own(actor, id);
    const { history, userName, model, seed } = input;
    this.ai.modelFor(model ?? undefined);
    return this.builder.build({
      character,
      userName: userName ?? (await this.users.displayNameOf(actor.id)),
      history: (history ?? []).map(({ role, text }, index) => ({ role, text, seq: index + 1 })),
      model: model ?? undefined,
      seed: seed ?? undefined,
    });
  }

  /** @throws not-found where the character is hidden, forbidden where it is somebody else's; model-not-available; context-overflow */
  async compiled(actor: Actor, id: string, model?: string): Promise<CompiledPrompt> {
    const { version, lorebookVersion } = await this.own(actor, id);
    const answering = this.ai.modelFor(model) ?? '';
    return this.compile({ characterId: id, version, lorebookVersion, model: answering });
  }

  @Cacheable(compiledPrompts)
  async compile({ characterId, model }: CompiledFrom): Promise<CompiledPrompt> {
    const character = await this.get(characterId);
    const { messages, promptTokens } = this.builder.build({
      ...{ character, userName: '{{user}}', history: [] },
      ...(model === '' ? {} : { model }),
    });
    return { messages, tokens: promptTokens, version: character.version };
  }

  private async own(actor: Actor, id: string): Promise<SpeakingCharacter> {
    await this.characters.getOwn(actor, id);
    return this.get(id);
  }

  private async get(id: string): Promise<SpeakingCharacter> {
    const character = await this.find(id);
    if (!character) throw characterNotFound(id);
    return character;
  }
}
