import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { assertMatch, type Precondition } from '../platform/http/if-match.js';
import { DEFAULT_PAGE_LIMIT, type Page, type PageQuery } from '../platform/pagination/page.dto.js';
import { detailsOf } from './card-details.js';
import type { CardParts } from './cards/card-mapping.js';
import type { Lorebook } from './cards/card.types.js';
import { CharacterStore, type CharacterEdit } from './character-store.service.js';
import { characterById, characterLorebook, characterPrompt, publicCharacters } from './characters.cache.js';
import type { CachedList } from './characters.cache.js';
import { characterNotFound } from './characters.errors.js';
import { cachedListOf, filterFor, type CharacterListQuery } from './characters.filter.js';
import { mayChange, maySee } from './characters.policy.js';
import { CharactersRepository, type StoredCharacter } from './characters.repository.js';
import { assertBounded, contentOf, fieldsOfPrompt, fromDraft, merge, promptOf } from './characters.rules.js';
import type { CharacterChange, CharacterDraft, PromptDraft } from './characters.rules.js';
import type {
  Character,
  CharacterHead,
  CharacterLorebook,
  CharacterPrompt,
  PersonalityProfile,
  Visibility,
} from './characters.types.js';

// A missing character is not kept: anybody could fill the cache with ids that do not exist.
const FOUND_ONLY = { unless: (found: unknown) => found === undefined };

const CHARACTERS_PER_TOKEN = 4;

/** The part of a character that a precondition is about; each has a version of its own. */
type Versioned = 'version' | 'promptVersion' | 'personalityVersion' | 'lorebookVersion';

/** Who may see and change which character, and what is kept of them in the cache. */
@Injectable()
export class CharactersService {
  private tokensOf = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

  constructor(
    private readonly characters: CharactersRepository,
    private readonly store: CharacterStore,
    private readonly outbox: EventOutbox,
  ) {}

  /** Whoever knows models says how they count; without, four characters are taken for a token. */
  countTokensWith(tokensOf: (text: string) => number): void {
    this.tokensOf = tokensOf;
  }

  /** The cached record, whoever asks. A deleted character is not there. */
  @Cacheable(characterById, FOUND_ONLY)
  find(id: string): Promise<Character | undefined> {
    return this.characters.find(id);
  }

  /** As {@link find}. @throws not-found */
  async get(id: string): Promise<Character> {
    const character = await this.find(id);
    if (!character) throw characterNotFound(id);
    return character;
  }

  /** @throws not-found also for somebody else's private character: its existence is nobody's business. */
  async getVisible(actor: Actor, id: string): Promise<Character> {
    const character = await this.get(id);
    if (!maySee(actor, character)) throw characterNotFound(id);
    return character;
  }

  /** @throws not-found where it is hidden, forbidden where it is visible but somebody else's */
  async getOwn(actor: Actor, id: string): Promise<Character> {
    const character = await this.getVisible(actor, id);
    assertMayChange(actor, character);
    return character;
  }

  /** @throws not-found where it is hidden, forbidden where it is visible but somebody else's */
  async getPrompt(actor: Actor, id: string): Promise<CharacterPrompt> {
    await this.getOwn(actor, id);
    const prompt = await this.prompt(id);
    if (!prompt) throw characterNotFound(id);
    return prompt;
  }

  /** Read from the database and not from {@link find}: made from another cached value, a prompt could outlive it. */
  @Cacheable(characterPrompt, FOUND_ONLY)
  async prompt(id: string): Promise<CharacterPrompt | undefined> {
    const character = await this.characters.find(id);
    return character && promptOf(character, this.tokensOf);
  }

  /** It holds what is not to be known yet: only for who may change it. */
  async getLorebook(actor: Actor, id: string): Promise<CharacterLorebook> {
    await this.getOwn(actor, id);
    const lorebook = await this.lorebook(id);
    if (!lorebook) throw characterNotFound(id);
    return lorebook;
  }

  /** Without entries where there is none; undefined without a character. */
  @Cacheable(characterLorebook, FOUND_ONLY)
  async lorebook(id: string): Promise<CharacterLorebook | undefined> {
    const row = await this.characters.findLorebook(id);
    return row && { lorebook: row.lorebook ?? { extensions: {}, entries: [] }, version: row.lorebookVersion };
  }

  /** The parts of its card, for whoever may change it; too large and too rarely asked for to be cached. */
  async getCard(actor: Actor, id: string): Promise<CardParts> {
    const character = await this.characters.findWithCard(id);
    if (!character || !maySee(actor, character)) throw characterNotFound(id);
    assertMayChange(actor, character);
    const { visibility: _visibility, ...content } = contentOf(character);
    return { content, lorebook: character.lorebook, rest: character.card };
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

  create(actor: Actor, draft: CharacterDraft): Promise<Character> {
    return this.store.create(actor.id, fromDraft(draft));
  }

  /** A character from the parts of its card, nothing of which is lost. */
  createFromCard(
    actor: Actor,
    { content, lorebook, rest }: CardParts,
    visibility: Visibility = 'private',
  ): Promise<Character> {
    const fields = { ...content, ...detailsOf(rest), visibility };
    return this.store.create(actor.id, fields, { card: rest, lorebook });
  }

  replace(actor: Actor, id: string, draft: CharacterDraft, ifMatch?: Precondition): Promise<Character> {
    return this.write(actor, id, 'version', ifMatch, () => ({ fields: fromDraft(draft) }));
  }

  change(actor: Actor, id: string, change: CharacterChange, ifMatch?: Precondition): Promise<Character> {
    return this.write(actor, id, 'version', ifMatch, (current) => {
      const fields = merge(current, change);
      assertBounded(current, fields);
      return { fields };
    });
  }

  async replacePrompt(
    actor: Actor,
    id: string,
    prompt: PromptDraft,
    ifMatch: Precondition,
  ): Promise<CharacterPrompt> {
    const changed = await this.write(actor, id, 'promptVersion', ifMatch, (current) => ({
      fields: merge(current, fieldsOfPrompt(prompt)),
      asPrompt: true,
    }));
    return promptOf(changed, this.tokensOf);
  }

  replacePersonality(
    actor: Actor,
    id: string,
    personalityProfile: PersonalityProfile,
    ifMatch: Precondition,
  ): Promise<Character> {
    return this.write(actor, id, 'personalityVersion', ifMatch, () => ({ personalityProfile }));
  }

  async replaceLorebook(
    actor: Actor,
    id: string,
    lorebook: Lorebook,
    ifMatch: Precondition | undefined,
  ): Promise<CharacterLorebook> {
    let version = 0;
    await this.write(actor, id, 'lorebookVersion', ifMatch, (current) => {
      version = current.lorebookVersion + 1;
      return { lorebook };
    });
    return { lorebook, version };
  }

  /** Its conversations stay readable; new ones and new replies find no character. */
  async remove(actor: Actor, id: string, ifMatch?: Precondition): Promise<void> {
    await this.outbox.telling(() =>
      this.store.remove(id, (current) => assertMayWrite(actor, current, 'version', ifMatch)),
    );
  }

  /**
   * Counts a conversation for the popular order; joins the running transaction. Drops nothing from the cache, or a
   * busy service would never have a cached list: the beginning of the popular list may lag by its TTL of 6 h (less
   * when any character is written), all other pages and orders are counted by the database.
   */
  async recordConversation(id: string): Promise<void> {
    await this.characters.countConversation(id);
  }

  private write(
    actor: Actor,
    id: string,
    versioned: Versioned,
    ifMatch: Precondition | undefined,
    edit: (current: StoredCharacter) => CharacterEdit,
  ): Promise<Character> {
    return this.outbox.telling(() =>
      this.store.change(id, (current) => {
        assertMayWrite(actor, current, versioned, ifMatch);
        return edit(current);
      }),
    );
  }
}

/** On the locked row and not on a cached one: two writers must not both see the same version. */
function assertMayWrite(
  actor: Actor,
  current: StoredCharacter,
  versioned: Versioned,
  ifMatch: Precondition | undefined,
): void {
  if (!maySee(actor, current)) throw characterNotFound(current.id);
  assertMayChange(actor, current);
  assertMatch(current[versioned], ifMatch);
}

function assertMayChange(actor: Actor, character: Character): void {
  if (mayChange(actor, character)) return;
  throw platformErrors.forbidden('Only its creator or an administrator may do this with the character.');
}
