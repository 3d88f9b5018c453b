import { Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { AcceptsBytes, Bytes, IMAGE_TYPES, type BytesBody } from '../../platform/http/bytes-body.js';
import { noneMatchHits } from '../../platform/http/etag.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { validateDto } from '../../platform/http/validation.pipe.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { Asset, AssetInput, AssetPage, GalleryQuery, toAsset } from './gallery.dto.js';
import { GALLERY_LIMITS } from './gallery.limits.js';
import { GalleryService } from './gallery.service.js';

/** What a picture opened by itself may do: nothing, whatever it was made to look like. */
const INERT = "default-src 'none'; sandbox";

@Controller('characters/:id/gallery')
export class GalleryController {
  constructor(private readonly gallery: GalleryService) {}

  /** Lists a character's pictures, in the order in which they were added */
  @Get()
  async list(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Query() query: GalleryQuery,
  ): Promise<AssetPage> {
    const { items, ...cursors } = await this.gallery.list(actor, id, query);
    return { items: items.map((asset) => toAsset(id, asset)), ...cursors };
  }

  /**
   * Adds a picture: at most 10 MiB of PNG, JPEG, WebP, GIF or AVIF, as the body or as the file of a form
   * @remarks It is decoded before it is kept, and a PNG or JPEG loses its metadata (place, camera, a card); nothing of what
   * is seen changes. A form may also have the fields `type` and `name`.
   */
  @Post()
  @Idempotent()
  @AcceptsBytes({ types: IMAGE_TYPES, limit: GALLERY_LIMITS.bytes, form: true })
  async add(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Query() query: AssetInput,
    @Bytes() { content, type: mediaType, fields }: BytesBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Asset> {
    const { type, name } = await validateDto(AssetInput, { ...query, ...fields });
    const asset = toAsset(id, await this.gallery.add(actor, id, { type, name, content, mediaType }));
    reply.header('location', asset.url);
    return asset;
  }

  /** A picture's bytes */
  @Get(':assetId/content')
  @Produces('image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif')
  @ApiProduces(...IMAGE_TYPES)
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async content(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Param('assetId', IdParam) assetId: string,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer | undefined> {
    const asset = await this.gallery.get(actor, id, assetId);
    const etag = `"${asset.sha256}"`;
    const isKnown = known !== undefined && noneMatchHits(known, etag);
    const content = isKnown ? undefined : await this.gallery.content(asset);
    reply.headers({
      etag,
      // Asked for again each time, mostly for a 304: a character that becomes private takes its pictures along.
      'cache-control': 'private, no-cache',
      'content-security-policy': INERT,
      ...(content && { 'content-type': asset.mediaType }),
    });
    if (isKnown) reply.code(304);
    return content;
  }

  /** Removes a picture */
  @Delete(':assetId')
  @HttpCode(204)
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Param('assetId', IdParam) assetId: string,
  ): Promise<void> {
    await this.gallery.remove(actor, id, assetId);
  }
}
