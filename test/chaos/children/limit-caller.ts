// Calls one rate limit from several clients at once, as fast as it answers, for as long as it is told to.
import { Logger } from '@nestjs/common';
import 'reflect-metadata';
import { RateLimits, RedisConnections, type RateLimit } from '../../../libs/redis/src/index.js';
import { machineMs } from './history.js';
import { talkToParent } from './talk.js';

interface Settings {
  readonly redisUrl: string;
  readonly clients: number;
  readonly limit: RateLimit;
  readonly forMs: number;
}

const { redisUrl, clients, limit, forMs } = JSON.parse(process.argv[2]!) as Settings;
Logger.overrideLogger(false);
const connections = new RedisConnections({ url: redisUrl });
await connections.start(5_000);
const limits = new RateLimits(connections, { prefix: 'chaos', deadlineMs: 5_000 });

const call = async (until: number, taken: { before: number; after: number }[]): Promise<void> => {
  for (let before = machineMs(); before < until; before = machineMs()) {
    const { allowed } = await limits.take('burst', 'one user', limit);
    if (allowed) taken.push({ before, after: machineMs() });
  }
};

const talk = talkToParent({
  call: async () => {
    const taken: { before: number; after: number }[] = [];
    const until = machineMs() + forMs;
    await Promise.all(Array.from({ length: clients }, () => call(until, taken)));
    return { taken, degraded: limits.degraded };
  },
});
await talk.ask('ready');
