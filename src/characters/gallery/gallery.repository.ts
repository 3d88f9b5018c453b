import { Injectable } from '@nestjs/common';
import type { Repository } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { CharacterAssetEntity } from './character-asset.entity.js';
import type { GalleryAsset } from './gallery.types.js';

@Injectable()
export class GalleryRepository {
  constructor(private readonly database: Database) {}

  /** In the order in which they were added. */
  async list(characterId: string): Promise<GalleryAsset[]> {
    const rows = await this.rows.find({ where: { characterId }, order: { id: 'ASC' } });
    return rows.map(({ characterId: _characterId, ...asset }) => asset);
  }

  async totals(characterId: string): Promise<{ count: number; bytes: number }> {
    const { count, bytes } = (await this.rows
      .createQueryBuilder('a')
      .select('count(*)::int', 'count')
      .addSelect('coalesce(sum(a.size), 0)::float8', 'bytes')
      .where('a.characterId = :characterId', { characterId })
      .getRawOne<{ count: number; bytes: number }>())!;
    return { count, bytes };
  }

  async insert(characterId: string, asset: GalleryAsset): Promise<void> {
    await this.rows.insert({ ...asset, characterId });
  }

  async remove(characterId: string, id: string): Promise<boolean> {
    const { affected } = await this.rows.delete({ characterId, id });
    return (affected ?? 0) > 0;
  }

  private get rows(): Repository<CharacterAssetEntity> {
    return this.database.manager.getRepository(CharacterAssetEntity);
  }
}
