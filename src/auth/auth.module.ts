import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DatabaseModule } from '../platform/database/database.module.js';
import { ClockModule } from '../platform/clock/clock.module.js';
import { RateLimitModule } from '../platform/rate-limit/rate-limit.module.js';
import { WarmUpModule } from '../platform/warm-up/warm-up.module.js';
import { UsersModule } from '../users/users.module.js';
import { ApiKeyEntity } from './api-keys/api-key.entity.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { KeyUses } from './api-keys/key-uses.js';
import { AuthController } from './auth.controller.js';
import { AuthData } from './auth-data.js';
import { AuthGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { ClosedIdentities } from './closed-identities.js';
import { DemoAccount } from './demo-account.js';
import { ExternalIssuer } from './external-issuer.js';
import { IdentitiesService } from './identities.service.js';
import { LoginThrottle } from './login-throttle.js';
import { PasswordsService } from './passwords.service.js';
import { RefreshTokenEntity } from './refresh-token.entity.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { RefreshTokensService } from './refresh-tokens.service.js';
import { RefreshTokensSweep } from './refresh-tokens.sweep.js';
import { TokenKeys } from './token-keys.js';
import { TokensService } from './tokens.service.js';
import { TokenSettings } from './tokens.settings.js';
import { UserIdentityEntity } from './user-identity.entity.js';

@Module({
  imports: [
    UsersModule,
    RateLimitModule,
    ClockModule,
    WarmUpModule,
    DatabaseModule.forFeature([ApiKeyEntity, RefreshTokenEntity, UserIdentityEntity]),
  ],
  controllers: [AuthController, ApiKeysController],
  providers: [
    ApiKeysRepository,
    ApiKeysService,
    AuthService,
    AuthData,
    ClosedIdentities,
    DemoAccount,
    ExternalIssuer,
    IdentitiesService,
    KeyUses,
    LoginThrottle,
    PasswordsService,
    RefreshTokensRepository,
    RefreshTokensService,
    RefreshTokensSweep,
    TokensService,
    {
      provide: TokenKeys,
      inject: [TokenSettings],
      useFactory: (settings: TokenSettings) => TokenKeys.from(settings),
    },
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [TokensService, DemoAccount],
})
export class AuthModule {}
