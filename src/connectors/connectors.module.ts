import { Module } from '@nestjs/common';
import { ClockModule } from '../platform/clock/clock.module.js';
import { PeriodicModule } from '../platform/jobs/periodic.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountsRepository } from './connections/accounts.repository.js';
import { ConnectionViews } from './connections/connection-views.service.js';
import { ConnectionsController } from './connections/connections.controller.js';
import { Connections } from './connections/connections.service.js';
import { ConnectorData } from './connections/connector-data.js';
import { Disconnections } from './connections/disconnecting.js';
import { AccessTokens } from './grants/access-tokens.service.js';
import { AuthorizationLog } from './grants/authorization-log.service.js';
import { AuthorizationsController } from './grants/authorizations.controller.js';
import { AuthorizationsRepository } from './grants/authorizations.repository.js';
import { Authorizations } from './grants/authorizations.service.js';
import { GrantClients } from './grants/grant-clients.js';
import { RefreshTimes } from './grants/refresh-times.js';
import { ReturnUrls } from './grants/return-urls.service.js';
import { Revocations } from './grants/revocations.service.js';
import { TokenStore } from './grants/token-store.service.js';
import { TokenVault } from './grants/token-vault.js';
import { OutboundClient } from './outbound/outbound-client.js';
import { ProviderQuotasRepository } from './quotas/provider-quotas.repository.js';
import { ProviderQuotas } from './quotas/provider-quotas.service.js';
import { QuotasController } from './quotas/quotas.controller.js';
import { ProviderAccounts } from './registry/provider-accounts.service.js';
import { ProviderApi } from './registry/provider-api.js';
import { ProviderRequests } from './registry/provider-requests.js';
import { Providers } from './registry/providers.service.js';

@Module({
  imports: [ClockModule, PeriodicModule, UsersModule],
  controllers: [AuthorizationsController, QuotasController, ConnectionsController],
  providers: [
    OutboundClient,
    Providers,
    ProviderAccounts,
    ProviderRequests,
    ProviderQuotasRepository,
    ProviderQuotas,
    ProviderApi,
    TokenVault,
    GrantClients,
    ReturnUrls,
    RefreshTimes,
    AccountsRepository,
    AuthorizationsRepository,
    AuthorizationLog,
    Authorizations,
    Revocations,
    TokenStore,
    AccessTokens,
    Disconnections,
    Connections,
    ConnectionViews,
    ConnectorData,
  ],
})
export class ConnectorsModule {}
