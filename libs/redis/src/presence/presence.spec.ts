import { RedisConnections } from '../connections/redis-connections.js';
import { describePresence } from '../testing/presence.contract.js';

describePresence('this process', () => new RedisConnections({}));
