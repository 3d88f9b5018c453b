import { Body, Controller, Get, Header, HttpCode, Ip, Post } from '@nestjs/common';
import { CurrentActor, Public } from '../platform/actor/actor.decorators.js';
import type { Actor } from '../platform/actor/actor.js';
import { toUser, type User } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';
import { LoginInput, RefreshTokenInput, RegisterInput, type Registered, type Tokens } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { TokensService } from './tokens.service.js';

@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly users: UsersService,
    private readonly tokens: TokensService,
  ) {}

  /**
   * Open an account.
   * @throws {409} username taken, email address taken
   */
  @Post('register')
  @Public()
  @Header('Cache-Control', 'no-store')
  async register(@Body() input: RegisterInput): Promise<Registered> {
    const { user, ...tokens } = await this.auth.register(input);
    return { user: toUser(user, this.tokens.roleOf(user)), ...tokens };
  }

  /**
   * Log in with an email address and a password.
   * @throws {429} too many failed logins of this account or from this address
   */
  @Post('login')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  login(@Body() { email, password }: LoginInput, @Ip() address: string): Promise<Tokens> {
    return this.auth.login(email, password, address);
  }

  /**
   * Trade a refresh token for new tokens.
   * @remarks Each refresh token works once. Using one again ends every session that came from the same login.
   */
  @Post('refresh')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  refresh(@Body() { refreshToken }: RefreshTokenInput): Promise<Tokens> {
    return this.auth.refresh(refreshToken);
  }

  /** End the session of a refresh token. */
  @Post('logout')
  @HttpCode(204)
  @Public()
  @Header('Cache-Control', 'no-store')
  async logout(@Body() { refreshToken }: RefreshTokenInput): Promise<void> {
    await this.auth.logout(refreshToken);
  }

  /** Who the access token says one is. */
  @Get('me')
  @Header('Cache-Control', 'no-store')
  async me(@CurrentActor() actor: Actor): Promise<User> {
    return toUser(await this.users.get(actor.id), actor.role);
  }
}
