import type { BenchCase } from '../bench-case.js';
import { crossingEvict } from './crossing-evict.js';
import { dashboard } from './dashboard.js';
import { fanOut } from './fan-out.js';
import { hitRatio } from './hit-ratio.js';
import { http } from './http.js';
import { hungRedis } from './hung-redis.js';
import { idleSockets } from './idle-sockets.js';
import { l1Hit } from './l1-hit.js';
import { l2Hit, l2HitPromoted } from './l2-hit.js';
import { logDelay } from './log-delay.js';
import { longConversation } from './long-conversation.js';
import { memory } from './memory.js';
import { miss } from './miss.js';
import { otherInstance } from './other-instance.js';
import { platformReads } from './platform-reads.js';
import { stampede } from './stampede.js';
import { tagEvict } from './tag-evict.js';

/** In the order of the report. */
export const cases: readonly BenchCase[] = [
  crossingEvict,
  hungRedis,
  stampede,
  l1Hit,
  l2Hit,
  l2HitPromoted,
  miss,
  otherInstance,
  http,
  tagEvict,
  memory,
  hitRatio,
  platformReads,
  dashboard,
  fanOut,
  logDelay,
  idleSockets,
  longConversation,
];
