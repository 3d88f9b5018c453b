import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import type { Actor } from '../../platform/actor/actor.js';
import { BlobStore } from '../../platform/blobs/blob-store.js';
import { Clock } from '../../platform/clock/clock.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { newId } from '../../platform/ids/ids.js';
import { inspectPicture } from '../../platform/images/picture.js';
import { withoutMetadata } from '../../platform/images/without-metadata.js';
import type { AttemptLimiter } from '../../platform/rate-limit/attempt-limiter.js';
import { RateLimiters } from '../../platform/rate-limit/rate-limiters.js';
import type { Page, PageQuery } from '../../platform/pagination/page.dto.js';
import { Pagination } from '../../platform/pagination/pagination.js';
import { characterGallery } from '../characters.cache.js';
import { characterErrors, characterNotFound } from '../characters.errors.js';
import { CharactersRepository } from '../characters.repository.js';
import { CharactersService } from '../characters.service.js';
import { GALLERY_LIMITS } from './gallery.limits.js';
import { GalleryRepository } from './gallery.repository.js';
import type { AssetType, GalleryAsset } from './gallery.types.js';
import { verifiedPicture } from './verified-picture.js';

export interface NewAsset {
  type: AssetType;
  name: string;
  content: Buffer;
  /** What its sender says that it is; refused when it is something else. */
  mediaType?: string;
}

const byCharacter = (characterId: string): [string] => [characterId];

/** The pictures of characters. Who may see a character sees its gallery; who may change it changes it. */
@Injectable()
export class GalleryService implements OnModuleInit {
  private readonly limiter: AttemptLimiter;

  constructor(
    private readonly gallery: GalleryRepository,
    private readonly characters: CharactersService,
    private readonly rows: CharactersRepository,
    private readonly blobs: BlobStore,
    private readonly database: Database,
    private readonly pagination: Pagination,
    private readonly clock: Clock,
    limiters: RateLimiters,
  ) {
    this.limiter = limiters.create({
      name: 'pictures',
      points: GALLERY_LIMITS.addedPerHour,
      windowMs: 3_600_000,
      what: 'pictures',
    });
  }

  onModuleInit(): void {
    this.blobs.referredToBy({ table: 'character_assets', column: 'sha256' });
  }

  async list(
    actor: Actor,
    characterId: string,
    { type, ...request }: PageQuery & { type?: AssetType },
  ): Promise<Page<GalleryAsset>> {
    const { id } = await this.characters.getVisible(actor, characterId);
    const all = await this.assets(id);
    return this.pagination.pageOf(type === undefined ? all : all.filter((asset) => asset.type === type), {
      request,
      list: 'gallery',
      filters: { characterId: id, type },
      keyOf: (asset) => asset.id,
    });
  }

  /** All of a character's, whoever asks. */
  @Cacheable(characterGallery)
  assets(characterId: string): Promise<GalleryAsset[]> {
    return this.gallery.list(characterId);
  }

  /** @throws not-found */
  async get(actor: Actor, characterId: string, assetId: string): Promise<GalleryAsset> {
    const { id } = await this.characters.getVisible(actor, characterId);
    const asset = (await this.assets(id)).find((candidate) => candidate.id === assetId);
    if (!asset) throw assetNotFound(assetId);
    return asset;
  }

  async content({ id, sha256 }: GalleryAsset): Promise<Buffer> {
    const content = await this.blobs.read(sha256);
    // Removed since its row was read.
    if (!content) throw assetNotFound(id);
    return content;
  }

  /**
   * Kept without what it says beside its pixels.
   *
   * @throws image-invalid, unsupported-media-type when it is not what its sender says, gallery-full,
   * rate-limited; and as {@link CharactersService.getOwn}
   */
  async add(
    actor: Actor,
    characterId: string,
    { content: sent, mediaType, type, name }: NewAsset,
  ): Promise<GalleryAsset> {
    const { id } = await this.characters.getOwn(actor, characterId);
    // Both before it is decoded, which is the dear part.
    await this.assertRoom(id, 0);
    await this.limiter.consume(actor.id);
    const picture = await verifiedPicture(sent);
    if (mediaType !== undefined && mediaType !== picture.mediaType) {
      throw platformErrors['unsupported-media-type'](
        `The picture was sent as ${mediaType} and is ${picture.mediaType}; send it as what it is.`,
      );
    }
    const { format, orientation } = picture;
    // Who may see a character sees its pictures, and one may say where it was taken or be a card.
    const content = withoutMetadata(sent, format, orientation);
    // What is served must still be readable, and as large as it is said to be.
    const { width, height } = await inspectPicture(content);
    return this.insert(id, content, {
      id: newId(),
      type,
      name,
      ext: format === 'jpeg' ? 'jpg' : format,
      mediaType: picture.mediaType,
      size: content.length,
      width,
      height,
      createdAt: this.clock.now(),
    });
  }

  async remove(actor: Actor, characterId: string, assetId: string): Promise<void> {
    const { id } = await this.characters.getOwn(actor, characterId);
    if (!(await this.delete(id, assetId))) throw assetNotFound(assetId);
  }

  @CacheEvict(characterGallery, byCharacter)
  private insert(
    characterId: string,
    content: Buffer,
    asset: Omit<GalleryAsset, 'sha256'>,
  ): Promise<GalleryAsset> {
    return this.database.transaction(async () => {
      // Its lock makes the limits hold for pictures that come at once.
      if (!(await this.rows.lock(characterId))) throw characterNotFound(characterId);
      await this.assertRoom(characterId, asset.size);
      const stored = { ...asset, sha256: await this.blobs.put(content) };
      await this.gallery.insert(characterId, stored);
      return stored;
    });
  }

  private async assertRoom(characterId: string, size: number): Promise<void> {
    const { count, bytes } = await this.gallery.totals(characterId);
    if (count < GALLERY_LIMITS.assets && bytes + size <= GALLERY_LIMITS.totalBytes) return;
    throw characterErrors['gallery-full'](
      `A gallery holds ${GALLERY_LIMITS.assets} pictures and ${GALLERY_LIMITS.totalBytes} bytes; remove some first.`,
      { members: { count, bytes } },
    );
  }

  @CacheEvict(characterGallery, byCharacter)
  private delete(characterId: string, assetId: string): Promise<boolean> {
    return this.gallery.remove(characterId, assetId);
  }
}

const assetNotFound = (assetId: string): Error =>
  platformErrors['not-found'](`The gallery has no picture "${assetId}".`);
