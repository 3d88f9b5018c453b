import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor, Public } from '../../platform/actor/actor.decorators.js';
import { NoStore } from '../../platform/http/answer-headers.js';
import { negotiate } from '../../platform/http/media-types.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import {
  AuthorizationInput,
  OlderCallbackInput,
  type AuthorizationEnd,
  type BegunAuthorizationView,
  type OlderCallbackEnd,
} from './authorizations.dto.js';
import type { ReturnedAnswer } from './authorization-use.service.js';
import { Authorizations, type FinishedAuthorization } from './authorizations.service.js';
import { nonceIn, nonceCookie } from './nonce-cookie.js';
import { ReturnUrls } from './return-urls.service.js';

const BROWSERS_FIRST = ['text/html', 'application/json'] as const;

@Controller('connectors')
export class AuthorizationsController {
  constructor(
    private readonly authorizations: Authorizations,
    private readonly urls: ReturnUrls,
  ) {}

  /**
   * Begins to connect a platform.
   * @remarks Send the browser to `authorizationUrl` within 10 minutes. The answer sets a cookie: only the browser that has
   * it is taken back. A request that is repeated with the same `Idempotency-Key` is answered without address and state.
   * @throws {400} return-url-not-allowed
   * @throws {409} already-connected
   * @throws {503} not-configured
   */
  @Post(':platform/authorizations')
  @Idempotent({ forget: ['authorizationUrl', 'state'] })
  @NoStore()
  async begin(
    @CurrentActor() actor: Actor,
    @Param('platform') platform: string,
    @Body() input: AuthorizationInput,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BegunAuthorizationView> {
    const origin = originOf(request);
    const begun = await this.authorizations.begin(actor, platform, { ...input, origin });
    const { authorizationUrl, state, expiresAt } = begun;
    const path = new URL(this.urls.callbackOf(platform, origin)).pathname;
    reply.header('set-cookie', nonceCookie(begun, { path, isSecure: this.urls.isSecure(origin) }));
    return { authorizationUrl, state, expiresAt: expiresAt.toISOString() };
  }

  /**
   * Where a platform sends people back to.
   * @remarks 303 to the return URL with `platform`, `result` (connected, denied, error) and `code`, a problem code; with
   * `Accept: application/json` the result itself or a problem. Reloaded, it answers the same again.
   * @throws {400} state-invalid, state-expired, state-used, issuer-mismatch
   * @throws {403} access-denied
   * @throws {502} upstream-failed
   */
  @Get(':platform/callback')
  @Public()
  @NoStore()
  @Produces(...BROWSERS_FIRST)
  @ApiQuery({ name: 'state', required: true, type: String })
  @ApiQuery({ name: 'code', required: false, type: String })
  @ApiQuery({ name: 'iss', required: false, type: String })
  @ApiQuery({ name: 'error', required: false, type: String })
  @ApiResponse({ status: 303, description: 'Back to the return URL.' })
  async comeBack(
    @Param('platform') platform: string,
    @Query() query: Record<string, unknown>,
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuthorizationEnd | undefined> {
    const answer = { platform, ...answerIn(query) };
    const nonce = nonceIn(headers.cookie, answer.state);
    const finished = await this.authorizations.finish(answer, { nonce });
    if (negotiate(headers.accept, BROWSERS_FIRST) === 'application/json') return endOf(finished);
    reply.code(HttpStatus.SEE_OTHER).header('location', onwardUrl(finished));
    return undefined;
  }

  /**
   * Ends an authorisation that the client was called back with, for older clients.
   * @throws {400} state-invalid, state-expired, state-used, issuer-mismatch
   * @throws {403} access-denied
   * @throws {502} upstream-failed
   */
  @Post('callback')
  @HttpCode(HttpStatus.OK)
  @NoStore()
  async handOver(
    @CurrentActor() { id }: Actor,
    @Body() input: OlderCallbackInput,
  ): Promise<OlderCallbackEnd> {
    const { provider: platform, ...answer } = input;
    return {
      success: true,
      data: endOf(await this.authorizations.finish({ platform, ...answer }, { userId: id })),
    };
  }
}

const originOf = ({ protocol, host }: FastifyRequest): string => `${protocol}://${host}`;

/** Platforms add parameters of their own; one that comes twice is none. */
function answerIn(query: Record<string, unknown>): ReturnedAnswer {
  const text = (name: string): string | undefined => {
    const value = query[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { state: text('state') ?? '', code: text('code'), iss: text('iss'), error: text('error') };
}

/** @throws what kept the platform from being connected */
function endOf({ platform, result, problem }: FinishedAuthorization): AuthorizationEnd {
  if (problem) throw problem;
  return { platform, result };
}

function onwardUrl({ platform, result, problem, returnUrl }: FinishedAuthorization): string {
  const url = new URL(returnUrl);
  url.searchParams.set('platform', platform);
  url.searchParams.set('result', result);
  if (problem) url.searchParams.set('code', problem.code);
  return url.href;
}
