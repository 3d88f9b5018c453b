import { Controller, Get, Headers, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { AcceptsBytes, Bytes, type BytesBody } from '../../platform/http/bytes-body.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { negotiate } from '../../platform/http/media-types.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { validateDto } from '../../platform/http/validation.pipe.js';
import { Versioned } from '../../platform/http/versioned.interceptor.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { attachment } from './attachment.js';
import { CARD_FILE_BYTES } from './card.limits.js';
import { CardExportQuery, CardImportQuery, CardImportResponse, toImportResponse } from './cards.dto.js';
import { CardsService } from './cards.service.js';

const FORMAT_OF = { 'application/json': 'json', 'image/png': 'png', 'application/zip': 'charx' } as const;
const MEDIA_TYPES = ['application/json', 'image/png', 'application/zip'] as const;

@Controller('characters')
export class CardsController {
  constructor(private readonly cards: CardsService) {}

  /**
   * Creates a character from a card of any version: JSON, PNG or CHARX, at most 20 MiB, as the body or as the file of a form
   * @remarks What is wrong in a way that is often found is put right and told in `repairs`.
   */
  @Post('imports')
  @Idempotent()
  @Versioned((body: CardImportResponse) => body.character.version)
  @AcceptsBytes({
    types: [
      ...MEDIA_TYPES,
      'image/apng',
      'image/jpeg',
      'application/x-zip-compressed',
      'application/octet-stream',
    ],
    limit: CARD_FILE_BYTES,
    form: true,
  })
  async importCard(
    @CurrentActor() actor: Actor,
    @Query() query: CardImportQuery,
    @Bytes() { content, type: mediaType, fileName, fields }: BytesBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CardImportResponse> {
    const { visibility } = await validateDto(CardImportQuery, { ...query, ...fields });
    const imported = await this.cards.importCard(actor, { content, mediaType, fileName, visibility });
    reply.header('location', `/api/characters/${imported.character.id}`);
    return toImportResponse(actor, imported);
  }

  /** A character as a card, with everything that an import brought; for the creator */
  @Get(':id/export')
  @Produces(...MEDIA_TYPES)
  @ApiProduces(...MEDIA_TYPES)
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async exportCard(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Query() { format, spec }: CardExportQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const offered = MEDIA_TYPES.filter((type) => format === undefined || FORMAT_OF[type] === format);
    const chosen = offered.find((type) => type === negotiate(accept, offered));
    if (chosen === undefined)
      throw platformErrors['not-acceptable'](
        `The format is ${offered.join(' or ')}; Accept asks for something else.`,
      );
    const file = await this.cards.exportCard(actor, id, { format: FORMAT_OF[chosen], spec });
    reply.headers({
      'content-type': file.mediaType,
      'content-disposition': attachment(`${file.name}.${file.extension}`),
    });
    return file.bytes;
  }
}
