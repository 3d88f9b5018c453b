import { describeCacheContract } from './testing/cache.contract.js';

describeCacheContract('memory', () => ({}));
