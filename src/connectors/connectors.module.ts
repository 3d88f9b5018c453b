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
import { ExtractionData } from './extraction/extraction-data.service.js';
import { ExtractionJobsController } from './extraction/extraction-jobs.controller.js';
import { ExtractionJobs } from './extraction/extraction-jobs.service.js';
import { ExtractionOrdersController } from './extraction/extraction-orders.controller.js';
import { ExtractionOrders } from './extraction/extraction-orders.service.js';
import { ExtractionRuns } from './extraction/extraction-runs.service.js';
import { ExtractionStore } from './extraction/extraction-store.service.js';
import { Extractions } from './extraction/extractions.service.js';
import { ItemsRepository } from './extraction/items.repository.js';
import { Resets } from './extraction/resets.service.js';
import { SyncsRepository } from './extraction/syncs.repository.js';
import { AccessTokens } from './grants/access-tokens.service.js';
import { AuthorizationLog } from './grants/authorization-log.service.js';
import { AuthorizationServers } from './grants/authorization-servers.js';
import { AuthorizationUse } from './grants/authorization-use.service.js';
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
import { PlatformProfileController } from './profile/profile.controller.js';
import { PlatformProfiles } from './profile/profile.service.js';
import { ProviderQuotasRepository } from './quotas/provider-quotas.repository.js';
import { ProviderQuotas } from './quotas/provider-quotas.service.js';
import { QuotasController } from './quotas/quotas.controller.js';
import { ProviderAccounts } from './registry/provider-accounts.service.js';
import { ProviderApi } from './registry/provider-api.js';
import { ProviderRequests } from './registry/provider-requests.js';
import { Providers } from './registry/providers.service.js';
import { SignatureData } from './signature/signature-data.js';
import { SignatureJob } from './signature/signature-job.service.js';
import { SoulSignaturesController } from './signature/signatures.controller.js';
import { SignaturesRepository } from './signature/signatures.repository.js';
import { SoulSignatures } from './signature/signatures.service.js';

@Module({
  imports: [ClockModule, PeriodicModule, UsersModule],
  controllers: [
    AuthorizationsController,
    QuotasController,
    ConnectionsController,
    ExtractionOrdersController,
    ExtractionJobsController,
    PlatformProfileController,
    SoulSignaturesController,
  ],
  providers: [
    OutboundClient,
    Providers,
    ProviderAccounts,
    ProviderRequests,
    ProviderQuotasRepository,
    ProviderQuotas,
    ProviderApi,
    TokenVault,
    AuthorizationServers,
    GrantClients,
    ReturnUrls,
    RefreshTimes,
    AccountsRepository,
    AuthorizationsRepository,
    AuthorizationLog,
    AuthorizationUse,
    Authorizations,
    Revocations,
    TokenStore,
    AccessTokens,
    Disconnections,
    Connections,
    ConnectionViews,
    ConnectorData,
    ItemsRepository,
    SyncsRepository,
    Extractions,
    ExtractionStore,
    ExtractionRuns,
    ExtractionJobs,
    ExtractionOrders,
    Resets,
    ExtractionData,
    PlatformProfiles,
    SignaturesRepository,
    SoulSignatures,
    SignatureJob,
    SignatureData,
  ],
})
export class ConnectorsModule {}
