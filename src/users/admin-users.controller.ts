import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { AdminOnly } from '../platform/actor/actor.decorators.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { TierInput, toUserTier, type UserTier } from './users.dto.js';
import { UsersService } from './users.service.js';

@Controller('admin/users')
@AdminOnly()
export class AdminUsersController {
  constructor(private readonly users: UsersService) {}

  /** A user's tier. */
  @Get(':userId/tier')
  async tier(@Param('userId', IdParam) userId: string): Promise<UserTier> {
    return toUserTier(await this.users.get(userId));
  }

  /** Set a user's tier; the next message is counted by it. */
  @Put(':userId/tier')
  async setTier(@Param('userId', IdParam) userId: string, @Body() { tier }: TierInput): Promise<UserTier> {
    return toUserTier(await this.users.setTier(userId, tier));
  }
}
