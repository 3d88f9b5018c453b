import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AssetType } from './gallery.types.js';

@Entity('character_assets')
export class CharacterAssetEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  characterId!: string;

  @Column('text')
  type!: AssetType;

  @Column('text')
  name!: string;

  @Column('text')
  ext!: string;

  @Column('text')
  mediaType!: string;

  @Column('text')
  sha256!: string;

  @Column('int')
  size!: number;

  @Column('int')
  width!: number;

  @Column('int')
  height!: number;

  @Column('timestamptz')
  createdAt!: Date;
}
