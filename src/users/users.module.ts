import { Module } from '@nestjs/common';
import { DatabaseModule } from '../platform/database/database.module.js';
import { JobsModule } from '../platform/jobs/jobs.module.js';
import { RateLimitModule } from '../platform/rate-limit/rate-limit.module.js';
import { UserDataModule } from '../platform/user-data/user-data.module.js';
import { AccountController } from './account/account.controller.js';
import { AccountDeletion } from './account/account-deletion.service.js';
import { AccountExports } from './account/account-exports.service.js';
import { ExportsRepository } from './account/exports.repository.js';
import { ProfileData } from './account/profile-data.js';
import { ClosedAccounts } from './closed-accounts.service.js';
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
  imports: [DatabaseModule.forFeature([UserEntity]), JobsModule, RateLimitModule, UserDataModule],
  controllers: [AccountController, UsersController, AvatarsController, AdminUsersController],
  providers: [
    UsersRepository,
    AvatarsRepository,
    AvatarsService,
    UsersService,
    UsernamesService,
    UsernameThrottle,
    UserTopic,
    AccountDeletion,
    AccountExports,
    ClosedAccounts,
    ExportsRepository,
    ProfileData,
  ],
  exports: [ClosedAccounts, UsersService],
})
export class UsersModule {}
