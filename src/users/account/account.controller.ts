import { Readable } from 'node:stream';
import { Controller, Delete, Get, HttpCode, Param, Post, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AlsoWhenClosed, CurrentActor } from '../../platform/actor/actor.decorators.js';
import type { Actor } from '../../platform/actor/actor.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { assertMatch, IfMatch, type Precondition } from '../../platform/http/if-match.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { toUserExport, type JobOrdered, type UserExport } from './account.dto.js';
import { AccountDeletion } from './account-deletion.service.js';
import { AccountExports } from './account-exports.service.js';
import { zipArchive } from './zip-archive.js';

const ZIP = 'application/zip';

@Controller('users/me')
export class AccountController {
  constructor(
    private readonly exports: AccountExports,
    private readonly deletion: AccountDeletion,
  ) {}

  /**
   * Delete one's account: at once, and without a way back.
   * @remarks From the answer on nobody can log in, see the profile or use its tokens, except to follow the job, which
   * removes what is left of the person. Public characters, and those that others talk to, stay without their creator. The
   * username is free when the job has ended.
   * @throws {409} already-pending
   */
  @Delete()
  @HttpCode(202)
  @Idempotent()
  @AlsoWhenClosed()
  async delete(
    @CurrentActor() actor: Actor,
    @IfMatch() precondition: Precondition | undefined,
  ): Promise<JobOrdered> {
    return { jobId: await this.deletion.request(actor, (version) => assertMatch(version, precondition)) };
  }

  /**
   * Gather everything that is one's own, to take along.
   * @remarks While a job for it runs, that one is answered. It takes the place of an earlier export.
   * @throws {429} too many exports
   */
  @Post('exports')
  @HttpCode(202)
  @Idempotent()
  async export(@CurrentActor() actor: Actor): Promise<JobOrdered> {
    return { jobId: await this.exports.request(actor) };
  }

  /** How an export stands; its id is that of its job. */
  @Get('exports/:id')
  async exported(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<UserExport> {
    return toUserExport(await this.exports.get(actor, id));
  }

  /**
   * Download an export.
   * @throws {409} not ready yet
   */
  @Get('exports/:id/content')
  @Produces(ZIP)
  @ApiProduces(ZIP)
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async download(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const parts = await this.exports.parts(actor, id);
    reply.header('cache-control', 'private, no-store');
    return new StreamableFile(Readable.from(zipArchive(parts), { objectMode: false }), {
      type: ZIP,
      disposition: 'attachment; filename="rapport-export.zip"',
    });
  }
}
