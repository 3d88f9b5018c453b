import { RedisConnections } from '../connections/redis-connections.js';
import { describeKeys } from '../testing/keys.contract.js';

describeKeys('this process', () => new RedisConnections({}));
