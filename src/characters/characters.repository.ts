import { Injectable } from '@nestjs/common';
import type { Repository, SelectQueryBuilder } from 'typeorm';
import { Database } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';
import type { KeysetColumn } from '../platform/pagination/keyset.js';
import type { Page, PageQuery } from '../platform/pagination/page.dto.js';
import { Pagination } from '../platform/pagination/pagination.js';
import { CharacterEntity, CharacterHeadEntity } from './character.entity.js';
import { detailsOf } from './card-details.js';
import type { CardRest } from './cards/card-mapping.js';
import type { Lorebook } from './cards/card.types.js';
import type { Character, CharacterContent, CharacterHead, CharacterSort } from './characters.types.js';
import type { CharacterFilter } from './characters.filter.js';
import { excerptOf } from './characters.rules.js';

// The columns of the indexes that serve them. The id makes each key unique.
const KEYS: Record<CharacterSort, KeysetColumn[]> = {
  popular: [
    { expression: 'c.conversationCount', type: 'integer', direction: 'desc' },
    { expression: 'c.id', type: 'uuid', direction: 'desc' },
  ],
  recent: [
    { expression: 'c.createdAt', type: 'timestamptz', direction: 'desc' },
    { expression: 'c.id', type: 'uuid', direction: 'desc' },
  ],
  name: [
    { expression: 'lower(c.name)', type: 'text', direction: 'asc' },
    { expression: 'c.id', type: 'uuid', direction: 'asc' },
  ],
};

/** What a search looks at, exactly as the index has it. */
const SEARCHED = 'lower(c.name || chr(10) || left(c.description, 2000))';

/** A character with what reads of it do not need. */
export interface StoredCharacter extends Character {
  card: CardRest;
  lorebookVersion: number;
}

export interface NewCharacter extends CharacterContent, Pick<Character, 'id' | 'creatorId'> {
  card: CardRest;
  lorebook?: Lorebook | null;
  createdAt: Date;
  updatedAt: Date;
}

export type CharacterWrite = Partial<CharacterContent> &
  Partial<Pick<StoredCharacter, 'card' | 'personalityProfile' | Versions>> &
  Pick<Character, 'version' | 'updatedAt'> & { lorebook?: Lorebook };

type Versions = 'promptVersion' | 'personalityVersion' | 'lorebookVersion';

@Injectable()
export class CharactersRepository {
  constructor(
    private readonly database: Database,
    private readonly pagination: Pagination,
  ) {}

  async find(id: string): Promise<Character | undefined> {
    if (!isId(id)) return undefined;
    const row = await this.living().andWhere('c.id = :id', { id }).getOne();
    return row ? toCharacter(row) : undefined;
  }

  async findLorebook(id: string): Promise<Pick<CharacterEntity, 'lorebook' | 'lorebookVersion'> | undefined> {
    if (!isId(id)) return undefined;
    const query = this.living().select(['c.id', 'c.lorebook', 'c.lorebookVersion']);
    return (await query.andWhere('c.id = :id', { id }).getOne()) ?? undefined;
  }

  /** Everything of a character's card, however large. */
  async findWithCard(id: string): Promise<(StoredCharacter & { lorebook: Lorebook | null }) | undefined> {
    if (!isId(id)) return undefined;
    const row = await this.living().addSelect('c.lorebook').andWhere('c.id = :id', { id }).getOne();
    return row ? { ...toStored(row), lorebook: row.lorebook } : undefined;
  }

  /** The newest row, which nobody else changes until the running transaction ends. */
  async lock(id: string): Promise<StoredCharacter | undefined> {
    // Not FOR UPDATE: that would also wait for conversations being created, whose foreign key holds KEY SHARE.
    const row = await this.living().andWhere('c.id = :id', { id }).setLock('for_no_key_update').getOne();
    return row ? toStored(row) : undefined;
  }

  list(filter: CharacterFilter, sort: CharacterSort, request: PageQuery): Promise<Page<CharacterHead>> {
    const query = this.database.manager
      .getRepository(CharacterHeadEntity)
      .createQueryBuilder('c')
      .where('c.deletedAt IS NULL');
    return this.pagination.page({
      query: filtered(query, filter),
      request,
      list: `characters:${sort}`,
      filters: { ...filter },
      keys: KEYS[sort],
      toItem: toHead,
    });
  }

  /** @returns how many were new; an id that exists already is left as it is */
  async insert(characters: NewCharacter[]): Promise<number> {
    // TypeORM's own type of a row has no end where a column is any JSON.
    const rows: object[] = characters;
    const result = await this.rows
      .createQueryBuilder()
      .insert()
      .values(rows)
      .orIgnore()
      .returning('id')
      .execute();
    return (result.raw as unknown[]).length;
  }

  async write(id: string, changes: CharacterWrite): Promise<void> {
    const row: object = changes;
    await this.rows.update({ id }, row);
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

  private living(): SelectQueryBuilder<CharacterEntity> {
    return this.rows.createQueryBuilder('c').where('c.deletedAt IS NULL');
  }

  private get rows(): Repository<CharacterEntity> {
    return this.database.manager.getRepository(CharacterEntity);
  }
}

function toStored({ deletedAt: _deletedAt, lorebook: _lorebook, ...row }: CharacterEntity): StoredCharacter {
  return { ...row, ...detailsOf(row.card) };
}

function toCharacter(row: CharacterEntity): Character {
  const { card: _card, lorebookVersion: _lorebookVersion, ...character } = toStored(row);
  return character;
}

function toHead({ opening, deletedAt: _deletedAt, ...head }: CharacterHeadEntity): CharacterHead {
  return { ...head, excerpt: excerptOf(opening) };
}

function filtered(
  query: SelectQueryBuilder<CharacterHeadEntity>,
  { visibility, creatorId, ownedBy, tag, q }: CharacterFilter,
): SelectQueryBuilder<CharacterHeadEntity> {
  if (visibility !== undefined) query.andWhere('c.visibility = :visibility', { visibility });
  if (creatorId !== undefined) query.andWhere('c.creatorId = :creatorId', { creatorId });
  if (ownedBy !== undefined) query.andWhere('c.creatorId = :ownedBy', { ownedBy });
  if (tag !== undefined) query.andWhere('c.tags @> ARRAY[:tag]::text[]', { tag });
  if (q !== undefined) {
    const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    // The first condition has an index (from three characters on), the second is exact.
    query.andWhere(`text_trigrams(${SEARCHED}) @> text_trigrams(lower(:q))`, { q });
    query.andWhere(`${SEARCHED} LIKE lower(:pattern)`, { pattern });
  }
  return query;
}
