import { Body, Controller, Get, HttpCode, Ip, Param, Patch, Post } from '@nestjs/common';
import { CurrentActor, Public } from '../platform/actor/actor.decorators.js';
import type { Actor } from '../platform/actor/actor.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { assertMatch, IfMatch, type Precondition } from '../platform/http/if-match.js';
import { Versioned } from '../platform/http/versioned.interceptor.js';
import { UsernameThrottle } from './username-throttle.js';
import { UsernamesService } from './usernames.service.js';
import {
  ProfileLookupInput,
  ProfilePatchInput,
  toProfile,
  toUser,
  UsernameCheckInput,
  type Profile,
  type ProfileLookupResult,
  type User,
  type UsernameCheck,
} from './users.dto.js';
import { UsersService } from './users.service.js';

@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly usernames: UsernamesService,
    private readonly throttle: UsernameThrottle,
  ) {}

  /** Oneself. */
  @Get('me')
  @Versioned()
  async me(@CurrentActor() actor: Actor): Promise<User> {
    return toUser(await this.users.get(actor.id), actor.role);
  }

  /**
   * Change one's profile (a merge patch).
   * @throws {409} username taken
   */
  @Patch('me')
  @Versioned()
  async update(
    @CurrentActor() actor: Actor,
    @Body() patch: ProfilePatchInput,
    @IfMatch() precondition: Precondition | undefined,
  ): Promise<User> {
    const updated = await this.users.patch(actor.id, patch, (version) => assertMatch(version, precondition));
    return toUser(updated, actor.role);
  }

  /** Whose name this is, whatever its capitals. */
  @Get('by-username/:username')
  async byUsername(@CurrentActor() actor: Actor, @Param('username') username: string): Promise<Profile> {
    return toProfile(await this.throttle.lookup(actor.id, () => this.usernames.getProfile(username)));
  }

  /**
   * Whether a username can be taken.
   * @remarks Advice for a form, also before registration. Registering and renaming decide.
   */
  @Post('username-checks')
  @HttpCode(200)
  @Public()
  async checkUsername(
    @Body() { username }: UsernameCheckInput,
    @Ip() address: string,
  ): Promise<UsernameCheck> {
    await this.throttle.check(address);
    return this.usernames.check(username);
  }

  /** Several people at once, by ids and by usernames. */
  @Post('lookup')
  @HttpCode(200)
  async lookup(@Body() input: ProfileLookupInput): Promise<ProfileLookupResult> {
    const { users, missing } = await this.usernames.lookup(input);
    return { users: users.map(toProfile), missing };
  }

  /** Somebody's public profile. */
  @Get(':userId')
  async profile(@Param('userId', IdParam) userId: string): Promise<Profile> {
    return toProfile(await this.users.getProfile(userId));
  }
}
