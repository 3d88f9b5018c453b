import { Injectable } from '@nestjs/common';
import { AiService } from '../ai/ai.service.js';
import { CharactersService } from '../characters/characters.service.js';
import type { CharacterHead } from '../characters/characters.types.js';
import { isAdmin, type Actor } from '../platform/actor/actor.js';
import { AppError } from '../platform/errors/app-error.js';
import { isId } from '../platform/ids/ids.js';
import type { OpenAiModel } from './openai.dto.js';
import { openAiErrors } from './openai.errors.js';

/** Clients take the list as a whole, so it has an end; characters beyond it answer all the same. */
const MAX_LISTED = 100;
const CHARACTER = /^character:(.+)$/;
const OWNER = 'rapport';

/** Who answers: a character, or a bare model. */
export type ModelTarget = { characterId: string } | { model: string };

/** What OpenAI's clients see as models: characters, and for administrators the models behind them. */
@Injectable()
export class OpenAiModels {
  constructor(
    private readonly ai: AiService,
    private readonly characters: CharactersService,
  ) {}

  /** One's own characters and the most popular ones. */
  async list(actor: Actor): Promise<OpenAiModel[]> {
    const page = { limit: MAX_LISTED };
    const [own, popular] = await Promise.all([
      this.characters.list(actor, { creator: actor.id, sort: 'recent', ...page }),
      this.characters.list(actor, { sort: 'popular', ...page }),
    ]);
    const found = new Map([...own.items, ...popular.items].map((head) => [head.id, toModel(head)]));
    return [...this.bareModels(actor).map(toBareModel), ...found.values()];
  }

  /** @throws model-not-found */
  async get(actor: Actor, id: string): Promise<OpenAiModel> {
    const target = await this.target(actor, id);
    if ('model' in target) return toBareModel(target.model);
    return toModel(await this.characters.getVisible(actor, target.characterId));
  }

  /** @throws model-not-found also for what the caller may not use: its existence is nobody's business */
  async target(actor: Actor, id: string): Promise<ModelTarget> {
    if (this.bareModels(actor).includes(id)) return { model: id };
    const characterId = CHARACTER.exec(id)?.[1];
    if (characterId === undefined || !isId(characterId)) throw notFound(id);
    try {
      return { characterId: (await this.characters.getVisible(actor, characterId)).id };
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not-found') throw notFound(id);
      throw error;
    }
  }

  /** Nothing counts what a bare model is asked, so they are not for everybody. */
  private bareModels(actor: Actor): string[] {
    return isAdmin(actor) ? this.ai.models.map(({ id }) => id) : [];
  }
}

const toModel = ({
  id,
  name,
  creatorId,
  createdAt,
}: Pick<CharacterHead, 'id' | 'name' | 'creatorId' | 'createdAt'>) =>
  ({
    id: `character:${id}`,
    object: 'model',
    created: Math.floor(new Date(createdAt).getTime() / 1000),
    owned_by: creatorId ?? OWNER,
    name,
  }) satisfies OpenAiModel;

const toBareModel = (id: string): OpenAiModel => ({ id, object: 'model', created: 0, owned_by: OWNER });

const notFound = (id: string) =>
  openAiErrors['model-not-found'](
    `The model "${id}" does not exist, or you may not use it; GET /openai/v1/models lists models.`,
    { errors: [{ pointer: '#/model', code: 'model-not-found', detail: 'is not a model that you may use' }] },
  );
