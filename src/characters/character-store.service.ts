import { Injectable } from '@nestjs/common';
import { CacheEvict } from '@rapport/cache';
import { Clock } from '../platform/clock/clock.js';
import { Database } from '../platform/database/database.js';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { newId } from '../platform/ids/ids.js';
import { withDetails } from './card-details.js';
import { EMPTY_REST, type CardRest } from './cards/card-mapping.js';
import type { Lorebook } from './cards/card.types.js';
import { ChangesCharacter, publicCharacters } from './characters.cache.js';
import { characterNotFound } from './characters.errors.js';
import { CHARACTER_DELETED, CHARACTER_UPDATED, characterStream } from './characters.events.js';
import {
  CharactersRepository,
  type CharacterWrite,
  type NewCharacter,
  type StoredCharacter,
} from './characters.repository.js';
import { changesPrompt, contentOf, type CharacterFields } from './characters.rules.js';
import type { Character, PersonalityProfile } from './characters.types.js';

/** What may be written at once; a prompt that is written as such gets a new version even when it is the same. */
export interface CharacterEdit {
  fields?: CharacterFields;
  asPrompt?: boolean;
  personalityProfile?: PersonalityProfile;
  lorebook?: Lorebook;
}

/** Decides on the locked row: throws when the caller may not, or has seen an older version. */
export type Edit = (current: StoredCharacter) => CharacterEdit;

/**
 * Every write of a character: decided under its lock, in one transaction with what clients are told of it, its caches
 * dropped after it.
 */
@Injectable()
export class CharacterStore {
  constructor(
    private readonly database: Database,
    private readonly characters: CharactersRepository,
    private readonly outbox: EventOutbox,
    private readonly clock: Clock,
  ) {}

  @CacheEvict(publicCharacters, { all: true })
  create(
    creatorId: string,
    fields: CharacterFields,
    from: { card: CardRest; lorebook: Lorebook | null } = { card: EMPTY_REST, lorebook: null },
  ): Promise<Character> {
    const now = this.clock.now();
    const row: NewCharacter = {
      ...contentOf(fields),
      id: newId(),
      creatorId,
      card: withDetails(from.card, fields),
      lorebook: from.lorebook,
      createdAt: now,
      updatedAt: now,
    };
    return this.database.transaction(async () => {
      await this.characters.insert([row]);
      return this.reload(row.id);
    });
  }

  @ChangesCharacter()
  change(id: string, edit: Edit): Promise<Character> {
    return this.database.transaction(async () => {
      const current = await this.characters.lock(id);
      if (!current) throw characterNotFound(id);
      await this.characters.write(id, this.written(current, edit(current)));
      const changed = await this.reload(id);
      this.announce(changed);
      return changed;
    });
  }

  @ChangesCharacter()
  async remove(id: string, check: (current: StoredCharacter) => void): Promise<void> {
    await this.database.transaction(async () => {
      const current = await this.characters.lock(id);
      if (!current) throw characterNotFound(id);
      check(current);
      await this.characters.markDeleted(id, this.clock.now());
      const stream = characterStream(id);
      this.outbox.add({ stream, type: CHARACTER_DELETED, data: { characterId: current.id }, last: true });
    });
  }

  private written(current: StoredCharacter, edit: CharacterEdit): CharacterWrite {
    const { fields, personalityProfile, lorebook } = edit;
    const isNewPrompt = edit.asPrompt || (fields !== undefined && changesPrompt(current, fields));
    return {
      version: current.version + 1,
      updatedAt: this.clock.now(),
      ...(fields && { ...contentOf(fields), card: withDetails(current.card, fields) }),
      ...(isNewPrompt && { promptVersion: current.promptVersion + 1 }),
      ...(personalityProfile && { personalityProfile, personalityVersion: current.personalityVersion + 1 }),
      ...(lorebook && { lorebook, lorebookVersion: current.lorebookVersion + 1 }),
    };
  }

  private announce({ id, version }: Character): void {
    this.outbox.add({
      stream: characterStream(id),
      type: CHARACTER_UPDATED,
      data: { characterId: id, version },
    });
  }

  private async reload(id: string): Promise<Character> {
    const character = await this.characters.find(id);
    if (!character) throw new Error(`Character ${id} vanished while it was written.`);
    return character;
  }
}
