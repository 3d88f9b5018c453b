import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import type { Actor } from '../platform/actor/actor.js';
import { Clock } from '../platform/clock/clock.js';
import { Database } from '../platform/database/database.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { assertMatch, type Precondition } from '../platform/http/if-match.js';
import { newId } from '../platform/ids/ids.js';
import { DEFAULT_PAGE_LIMIT, type Page, type PageQuery } from '../platform/pagination/page.dto.js';
import type { Character, CharacterContent, CharacterHead, CharacterPrompt } from './characters.types.js';
import { characterById, characterPrompt, publicCharacters, type CachedList } from './characters.cache.js';
import { cachedListOf, filterFor, type CharacterListQuery } from './characters.filter.js';
import { mayChange, maySee } from './characters.policy.js';
import { CharactersRepository } from './characters.repository.js';
import { fromDraft, merge, promptOf, type CharacterChange, type CharacterDraft } from './characters.rules.js';

// A missing character is not kept: anybody could fill the cache with ids that do not exist.
const FOUND_ONLY = { unless: (found: unknown) => found === undefined };

const notFound = (id: string) =>
  platformErrors['not-found'](
    `There is no character "${id}" that you may see; GET /api/characters lists them.`,
  );

/** Who may see and change which character, and what is kept of them in the cache. */
@Injectable()
export class CharactersService {
  constructor(
    private readonly characters: CharactersRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The cached record, whoever asks. A deleted character is not there. */
  @Cacheable(characterById, FOUND_ONLY)
  find(id: string): Promise<Character | undefined> {
    return this.characters.find(id);
  }

  /** As {@link find}. @throws not-found */
  async get(id: string): Promise<Character> {
    const character = await this.find(id);
    if (!character) throw notFound(id);
    return character;
  }

  /** @throws not-found also for somebody else's private character: its existence is nobody's business. */
  async getVisible(actor: Actor, id: string): Promise<Character> {
    const character = await this.get(id);
    if (!maySee(actor, character)) throw notFound(id);
    return character;
  }

  /** @throws not-found where it is hidden, forbidden where it is visible but somebody else's */
  async getPrompt(actor: Actor, id: string): Promise<CharacterPrompt> {
    this.assertMayChange(actor, await this.getVisible(actor, id));
    const prompt = await this.prompt(id);
    if (!prompt) throw notFound(id);
    return prompt;
  }

  /** Read from the database and not from {@link find}: made from another cached value, a prompt could outlive it. */
  @Cacheable(characterPrompt, FOUND_ONLY)
  async prompt(id: string): Promise<CharacterPrompt | undefined> {
    const character = await this.characters.find(id);
    return character && promptOf(character);
  }

  list(actor: Actor, query: CharacterListQuery & PageQuery): Promise<Page<CharacterHead>> {
    const filter = filterFor(actor, query);
    const asUsual =
      query.cursor === undefined && query.order === undefined && query.limit === DEFAULT_PAGE_LIMIT;
    const cached = asUsual ? cachedListOf(filter, query.sort) : undefined;
    return cached ? this.publicList(cached) : this.characters.list(filter, query.sort, query);
  }

  // An empty list is not kept: tags that no character has are without number.
  @Cacheable(publicCharacters, { unless: (page) => page.items.length === 0 })
  publicList({ sort, tag }: CachedList): Promise<Page<CharacterHead>> {
    return this.characters.list({ visibility: 'public', tag }, sort, { limit: DEFAULT_PAGE_LIMIT });
  }

  @CacheEvict(publicCharacters, { all: true })
  async create(actor: Actor, draft: CharacterDraft): Promise<Character> {
    const now = this.clock.now();
    const character: Character = {
      ...fromDraft(draft),
      id: newId(),
      creatorId: actor.id,
      conversationCount: 0,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    await this.characters.insert([character]);
    return character;
  }

  replace(actor: Actor, id: string, draft: CharacterDraft, ifMatch?: Precondition): Promise<Character> {
    return this.write(actor, id, () => fromDraft(draft), ifMatch);
  }

  change(actor: Actor, id: string, change: CharacterChange, ifMatch?: Precondition): Promise<Character> {
    return this.write(actor, id, (current) => merge(current, change), ifMatch);
  }

  /** Its conversations stay readable; new ones and new replies find no character. */
  @CacheEvict(publicCharacters, { all: true })
  @CacheEvict(characterPrompt, (_actor: Actor, id: string) => [id])
  @CacheEvict(characterById, (_actor: Actor, id: string) => [id])
  async remove(actor: Actor, id: string, ifMatch?: Precondition): Promise<void> {
    await this.database.transaction(async () => {
      await this.lockForChange(actor, id, ifMatch);
      await this.characters.markDeleted(id, this.clock.now());
    });
  }

  /**
   * Counts a conversation for the popular order; joins the running transaction. Drops nothing from the cache, or a
   * busy service would never have a cached list: the beginning of the popular list may lag by its TTL of 6 h (less
   * when any character is written), all other pages and orders are counted by the database.
   */
  async recordConversation(id: string): Promise<void> {
    await this.characters.countConversation(id);
  }

  @CacheEvict(publicCharacters, { all: true })
  @CacheEvict(characterPrompt, (_actor: Actor, id: string) => [id])
  @CacheEvict(characterById, (_actor: Actor, id: string) => [id])
  private write(
    actor: Actor,
    id: string,
    contentOf: (current: Character) => CharacterContent,
    ifMatch: Precondition | undefined,
  ): Promise<Character> {
    return this.database.transaction(async () => {
      const current = await this.lockForChange(actor, id, ifMatch);
      const changed = { ...contentOf(current), version: current.version + 1, updatedAt: this.clock.now() };
      await this.characters.write(id, changed);
      return { ...current, ...changed };
    });
  }

  /** Decides on the locked row and not on a cached one: two writers must not both see the same version. */
  private async lockForChange(
    actor: Actor,
    id: string,
    ifMatch: Precondition | undefined,
  ): Promise<Character> {
    const current = await this.characters.lock(id);
    if (!current || !maySee(actor, current)) throw notFound(id);
    this.assertMayChange(actor, current);
    assertMatch(current.version, ifMatch);
    return current;
  }

  private assertMayChange(actor: Actor, character: Character): void {
    if (mayChange(actor, character)) return;
    throw platformErrors.forbidden('Only its creator or an administrator may do this with the character.');
  }
}
