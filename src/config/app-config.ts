import { AnalysisSettings } from '../ai/analysis/analysis.settings.js';
import { AiSettings } from '../ai/ai.settings.js';
import { ReplySettings } from '../conversations/generations/replies.settings.js';
import { ConnectorSettings } from '../connectors/connectors.settings.js';
import { GrantSettings } from '../connectors/grants/grants.settings.js';
import { DemoSettings } from '../auth/demo.settings.js';
import { PasswordSettings } from '../auth/passwords.settings.js';
import { TokenSettings } from '../auth/tokens.settings.js';
import { DatabaseSettings } from '../platform/database/database.settings.js';
import { ServerSettings } from '../platform/http/server.settings.js';
import { JobSettings } from '../platform/jobs/jobs.settings.js';
import { LogSettings } from '../platform/logging/log.settings.js';
import { MetricsSettings } from '../platform/metrics/metrics.settings.js';
import { PaginationSettings } from '../platform/pagination/pagination.settings.js';
import { RateLimitSettings } from '../platform/rate-limit/rate-limit.settings.js';
import { RedisSettings } from '../platform/redis/redis.settings.js';
import { RealtimeSettings } from '../realtime/realtime.settings.js';
import { CacheSettings } from '../platform/cache/cache.settings.js';
import { UsageSettings } from '../usage/usage.settings.js';
import { UsersSettings } from '../users/users.settings.js';
import { RuntimeSettings } from './runtime.settings.js';
import type { SettingsClass } from './setting.js';

/** Every owner's settings, in the order docs/config.md shows them. */
export const SETTINGS: readonly SettingsClass[] = [
  RuntimeSettings,
  ServerSettings,
  LogSettings,
  MetricsSettings,
  DatabaseSettings,
  RedisSettings,
  CacheSettings,
  JobSettings,
  PaginationSettings,
  RateLimitSettings,
  TokenSettings,
  PasswordSettings,
  DemoSettings,
  UsersSettings,
  UsageSettings,
  ConnectorSettings,
  GrantSettings,
  AiSettings,
  ReplySettings,
  AnalysisSettings,
  RealtimeSettings,
];
