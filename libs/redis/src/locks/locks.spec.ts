import { RedisConnections } from '../connections/redis-connections.js';
import { describeLocks } from '../testing/locks.contract.js';

describeLocks('this process', () => new RedisConnections({}));
