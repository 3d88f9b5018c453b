import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, Length, Matches } from 'class-validator';
import { Page, PageQuery } from '../../platform/pagination/page.dto.js';
import { IsPlainText } from '../plain-text.validator.js';
import { GALLERY_LIMITS } from './gallery.limits.js';
import { ASSET_TYPES, type AssetType, type GalleryAsset } from './gallery.types.js';

export class GalleryQuery extends PageQuery {
  /** Only pictures for this. */
  @IsOptional()
  @IsIn(ASSET_TYPES)
  type?: AssetType;
}

/** What a picture is for; of a form, fields of the same names. */
export class AssetInput {
  @IsIn(ASSET_TYPES)
  type: AssetType = 'other';

  /** An emotion's own name; `main` for the icon that stands for the character. */
  @Transform(({ value }) => (typeof value === 'string' ? value.trim() : value))
  @IsPlainText()
  @Matches(/^\P{Cc}*$/u, { message: 'name must be one line without control characters' })
  @Length(1, GALLERY_LIMITS.name)
  name: string = 'main';
}

export class Asset {
  assetId!: string;
  type!: AssetType;
  name!: string;
  /** As files of its kind end, without the dot. */
  ext!: string;
  /** Where its bytes are. They never change: a client may keep them for good. */
  url!: string;
  @ApiProperty({ type: 'integer' })
  width!: number;
  @ApiProperty({ type: 'integer' })
  height!: number;
  /** What the bytes are, whatever their sender said. */
  mediaType!: string;
  /** In bytes. */
  @ApiProperty({ type: 'integer' })
  size!: number;
  createdAt!: string;
}

export class AssetPage extends Page<Asset> {
  override items!: Asset[];
}

export const toAsset = (
  characterId: string,
  { id, sha256: _sha256, createdAt, ...asset }: GalleryAsset,
): Asset => ({
  assetId: id,
  ...asset,
  url: `/api/characters/${characterId}/gallery/${id}/content`,
  createdAt: createdAt.toISOString(),
});
