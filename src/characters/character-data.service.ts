import { Injectable } from '@nestjs/common';
import {
  ErasesUserData,
  ExportsUserData,
  jsonLines,
  type ExportedBatch,
} from '../platform/user-data/user-data.decorators.js';
import { CharacterDataRepository } from './character-data.repository.js';
import { ChangesCharacter } from './characters.cache.js';

const EXPORTED_AT_ONCE = 20;
/** Of some megabytes each. */
const PICTURES_AT_ONCE = 4;
const ERASED_AT_ONCE = 50;

/**
 * Characters, as people take them along and as they go with their account: what was made for everybody, and what others
 * talk to, stays without its creator.
 */
@Injectable()
export class CharacterData {
  constructor(private readonly rows: CharacterDataRepository) {}

  @ExportsUserData('characters')
  async export(userId: string, after: string | undefined): Promise<ExportedBatch> {
    const rows = await this.rows.created(userId, after, EXPORTED_AT_ONCE);
    const content = jsonLines(rows.map(({ character }) => character));
    return {
      parts: [{ file: 'characters.jsonl', content }],
      next: rows.length === EXPORTED_AT_ONCE ? rows.at(-1)?.character.id : undefined,
    };
  }

  @ExportsUserData('character-pictures')
  async pictures(userId: string, after: string | undefined): Promise<ExportedBatch> {
    const rows = await this.rows.pictures(userId, after, PICTURES_AT_ONCE);
    return {
      parts: rows.map(({ id, characterId, ext, content }) => ({
        file: `characters/${characterId}/${id}.${ext}`,
        content: Buffer.from(content),
      })),
      next: rows.length === PICTURES_AT_ONCE ? rows.at(-1)?.id : undefined,
    };
  }

  /** After the conversations of the same person, which are no reason to keep a character. */
  @ErasesUserData('characters', 30)
  async erase(userId: string): Promise<boolean> {
    const characters = await this.rows.some(userId, ERASED_AT_ONCE);
    for (const { id, isShared } of characters) await (isShared ? this.disown(id) : this.remove(id));
    return characters.length === ERASED_AT_ONCE;
  }

  @ChangesCharacter()
  protected disown(id: string): Promise<void> {
    return this.rows.disown(id);
  }

  @ChangesCharacter()
  protected remove(id: string): Promise<void> {
    return this.rows.delete(id);
  }
}
