import { Injectable } from '@nestjs/common';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { TokensService } from '../auth/tokens.service.js';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { SocketEvent, type SocketConnection } from '../platform/sockets/socket-event.js';
import { TokenExpiry } from './token-expiry.js';

class RefreshAuth {
  @IsString()
  @IsNotEmpty()
  @MaxLength(8_192)
  token!: string;
}

/** A socket outlives its token when the client sends the next one in time. */
@Injectable()
export class AuthSocket {
  constructor(
    private readonly tokens: TokensService,
    private readonly expiry: TokenExpiry,
  ) {}

  @SocketEvent('auth:refresh', RefreshAuth)
  async refresh(
    actor: Actor,
    { token }: RefreshAuth,
    { id }: SocketConnection,
  ): Promise<{ expiresAt: string }> {
    const { actor: bearer, expiresAt } = await this.tokens.verify(token);
    if (bearer.id !== actor.id || bearer.role !== actor.role) {
      throw platformErrors.forbidden('The token is for somebody else; connect again with it.');
    }
    this.expiry.extend(id, expiresAt);
    return { expiresAt: new Date(expiresAt).toISOString() };
  }
}
