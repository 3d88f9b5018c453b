import type { RuntimeSettings } from '../../config/runtime.settings.js';
import type { RedisSettings } from '../redis/redis.settings.js';

/** In braces, so that the scripts find all keys of a queue in one slot of a Cluster. */
export const alarmPrefix = (
  { keyPrefix }: Pick<RedisSettings, 'keyPrefix'>,
  { environment }: Pick<RuntimeSettings, 'environment'>,
): string => `{${keyPrefix}:${environment}:queue}`;
