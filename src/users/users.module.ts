import { Module } from '@nestjs/common';
import { DatabaseModule } from '../platform/database/database.module.js';
import { RateLimitModule } from '../platform/rate-limit/rate-limit.module.js';
import { AdminUsersController } from './admin-users.controller.js';
import { AvatarsController } from './avatars/avatars.controller.js';
import { AvatarsRepository } from './avatars/avatars.repository.js';
import { AvatarsService } from './avatars/avatars.service.js';
import { UserEntity } from './user.entity.js';
import { UserTopic } from './user.topic.js';
import { UsernameThrottle } from './username-throttle.js';
import { UsernamesService } from './usernames.service.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [DatabaseModule.forFeature([UserEntity]), RateLimitModule],
  controllers: [UsersController, AvatarsController, AdminUsersController],
  providers: [
    UsersRepository,
    AvatarsRepository,
    AvatarsService,
    UsersService,
    UsernamesService,
    UsernameThrottle,
    UserTopic,
  ],
  exports: [UsersService],
})
export class UsersModule {}
