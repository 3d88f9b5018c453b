import { RedisConnections } from '../connections/redis-connections.js';
import { describePubSub } from '../testing/pubsub.contract.js';

describePubSub('this process', () => new RedisConnections({}));
