import { Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { CurrentActor, Public } from '../../platform/actor/actor.decorators.js';
import type { Actor } from '../../platform/actor/actor.js';
import { AcceptsBytes, Bytes, IMAGE_TYPES, type BytesBody } from '../../platform/http/bytes-body.js';
import { assertMatch, IfMatch, type Precondition } from '../../platform/http/if-match.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { Versioned } from '../../platform/http/versioned.interceptor.js';
import { toUser, type User } from '../users.dto.js';
import { AVATAR_SIZES, type AvatarSize } from './avatar-images.js';
import { AvatarsService } from './avatars.service.js';

const LIMIT_BYTES = 5 * 1_048_576;

/**
 * A picture never changes under its address, but its owner may take it away: no cache shows it longer than a day after
 * that, and a client asks once a day at most.
 */
const CACHE_CONTROL = 'public, max-age=86400, immutable';

class AvatarQuery {
  /** Side in pixels. */
  @IsOptional()
  @Type(() => Number)
  @IsIn(AVATAR_SIZES)
  size: AvatarSize = 256;
}

@Controller()
export class AvatarsController {
  constructor(private readonly avatars: AvatarsService) {}

  /**
   * Upload one's picture: at most 5 MiB of PNG, JPEG, WebP, GIF or AVIF.
   * @remarks It is cut to a square, kept as WebP without its metadata, and `avatarUrl` changes with it.
   */
  @Put('users/me/avatar')
  @AcceptsBytes({ types: IMAGE_TYPES, limit: LIMIT_BYTES })
  @Versioned()
  async upload(
    @CurrentActor() actor: Actor,
    @Bytes() { content }: BytesBody,
    @IfMatch() precondition: Precondition | undefined,
  ): Promise<User> {
    const user = await this.avatars.replace(actor.id, content, (version) =>
      assertMatch(version, precondition),
    );
    return toUser(user, actor.role);
  }

  /** Have no picture. */
  @Delete('users/me/avatar')
  @HttpCode(204)
  async remove(
    @CurrentActor() actor: Actor,
    @IfMatch() precondition: Precondition | undefined,
  ): Promise<void> {
    await this.avatars.remove(actor.id, (version) => assertMatch(version, precondition));
  }

  /**
   * Somebody's picture, for whoever knows its address.
   * @remarks Caches may keep it for a day; here it is gone as soon as it is replaced or removed, or its owner deleted.
   */
  @Get('avatars/:token')
  @Public()
  @Produces('image/webp')
  @ApiProduces('image/webp')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async show(
    @Param('token') token: string,
    @Query() { size }: AvatarQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const content = await this.avatars.get(token, size);
    reply.headers({
      etag: `"${token}.${size}"`,
      'content-type': 'image/webp',
      'cache-control': CACHE_CONTROL,
    });
    return content;
  }
}
