import { Injectable } from '@nestjs/common';
import type { Repository } from 'typeorm';
import { Database } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';
import { CharacterEntity } from './character.entity.js';
import type { Character, CharacterContent } from './character.js';

@Injectable()
export class CharactersRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Character | undefined> {
    if (!isId(id)) return undefined;
    const row = await this.living('c').andWhere('c.id = :id', { id }).getOne();
    return row ? toCharacter(row) : undefined;
  }

  /** The newest row, which nobody else changes until the running transaction ends. */
  async lock(id: string): Promise<Character | undefined> {
    // Not FOR UPDATE: that would also wait for conversations being created, whose foreign key holds KEY SHARE.
    const row = await this.living('c').andWhere('c.id = :id', { id }).setLock('for_no_key_update').getOne();
    return row ? toCharacter(row) : undefined;
  }

  /** @returns how many were new; an id that exists already is left as it is */
  async insert(characters: Character[]): Promise<number> {
    const result = await this.rows
      .createQueryBuilder()
      .insert()
      .values(characters)
      .orIgnore()
      .returning('id')
      .execute();
    return (result.raw as unknown[]).length;
  }

  async write(
    id: string,
    changes: CharacterContent & Pick<Character, 'version' | 'updatedAt'>,
  ): Promise<void> {
    await this.rows.update({ id }, changes);
  }

  async markDeleted(id: string, deletedAt: Date): Promise<void> {
    await this.rows.update({ id }, { deletedAt });
  }

  async countConversation(id: string): Promise<void> {
    await this.rows.increment({ id }, 'conversationCount', 1);
  }

  /** Deleted rows count: an operator who removed the demo characters does not want them back. */
  async isEmpty(): Promise<boolean> {
    return !(await this.rows.exists());
  }

  private living(alias: string) {
    return this.rows.createQueryBuilder(alias).where(`${alias}.deletedAt IS NULL`);
  }

  private get rows(): Repository<CharacterEntity> {
    return this.database.manager.getRepository(CharacterEntity);
  }
}

function toCharacter({ deletedAt: _deletedAt, ...character }: CharacterEntity): Character {
  return character;
}
