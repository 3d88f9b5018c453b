import { RedisConnections } from '../connections/redis-connections.js';
import { describeSessions } from '../testing/sessions.contract.js';

describeSessions('this process', () => new RedisConnections({}));
