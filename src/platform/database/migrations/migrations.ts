import type { MigrationInterface } from 'typeorm';
import { Foundation0001 } from './0001-foundation.js';
import { CacheOutbox0002 } from './0002-cache-outbox.js';
import { EventOutbox0003 } from './0003-event-outbox.js';
import { RegenerationRequests0004 } from './0004-regeneration-requests.js';
import { CharacterCards0005 } from './0005-character-cards.js';
import { Jobs0006 } from './0006-jobs.js';
import { UsageStatistics0007 } from './0007-usage-statistics.js';
import { BranchesSearchSummaries0008 } from './0008-branches-search-summaries.js';
import { ApiKeys0009 } from './0009-api-keys.js';
import { Accounts0010 } from './0010-accounts.js';
import { ClosedAccounts0011 } from './0011-closed-accounts.js';
import { OrdersWithoutClocks0012 } from './0012-orders-without-clocks.js';
import { Connectors0013 } from './0013-connectors.js';
import { ProviderQuotas0014 } from './0014-provider-quotas.js';
import { ExtractedItems0015 } from './0015-extracted-items.js';
import { SoulSignatures0016 } from './0016-soul-signatures.js';

/** Every migration, oldest first. `npm run db:migration <name>` writes the file and adds it here. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  Foundation0001,
  CacheOutbox0002,
  EventOutbox0003,
  RegenerationRequests0004,
  CharacterCards0005,
  Jobs0006,
  UsageStatistics0007,
  BranchesSearchSummaries0008,
  ApiKeys0009,
  Accounts0010,
  ClosedAccounts0011,
  OrdersWithoutClocks0012,
  Connectors0013,
  ProviderQuotas0014,
  ExtractedItems0015,
  SoulSignatures0016,
];
